/* Draws each chart from its own table: what is drawn is what can be read. A table stands beside a
   box in `.charted`; the heads of its columns say how a series looks (data-series), the cells hold
   the plain numbers (data-value), the rows their place on the axis (data-x). Without scripts there
   is the table. */
"use strict";

(() => {
  if (typeof echarts === "undefined") return;

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const language = document.documentElement.lang;
  const number = new Intl.NumberFormat(language, { maximumFractionDigits: 2 });
  const share = new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 1 });

  /* The columns with a series, each with its points in the order of the axis. */
  function read(table) {
    const rows = [...table.querySelectorAll("tbody tr")];
    return [...table.querySelectorAll("thead th")]
      .map((head, column) => ({ head, column }))
      .filter(({ head }) => head.dataset.series)
      .map(({ head, column }) => ({
        kind: head.dataset.series,
        name: head.textContent.trim(),
        points: rows
          .map((row) => {
            const text = row.cells[column].dataset.value;
            return [row.cells[0].dataset.x, text === "" ? null : Number(text)];
          })
          .sort((one, other) => (one[0] < other[0] ? -1 : 1)),
      }));
  }

  function series({ kind, name, points }) {
    const known = points.filter((point) => point[1] !== null);
    const line = (width, type, shade) => ({
      type: "line",
      name,
      data: known,
      showSymbol: kind === "line" && known.length < 3,
      lineStyle: { color: shade, width, type },
      itemStyle: { color: shade },
    });
    if (kind === "bar") {
      return { type: "bar", name, data: points, itemStyle: { color: colour("--red") }, barMaxWidth: 28 };
    }
    if (kind === "dash") return line(1.5, "dashed", colour("--ink-soft"));
    if (kind === "target") return line(1.5, "solid", colour("--green"));
    if (kind === "forecast") return line(2, "dotted", colour("--red"));
    return line(2.5, "solid", colour("--red"));
  }

  /* The interval of a forecast: the space between its two bounds. */
  function band(found) {
    const low = found.find((one) => one.kind === "low");
    const high = found.find((one) => one.kind === "high");
    if (!low || !high) return [];
    const shape = { type: "line", stack: "interval", symbol: "none", lineStyle: { opacity: 0 }, silent: true };
    const known = low.points
      .map((point, place) => [point[0], point[1], high.points[place][1]])
      .filter((point) => point[1] !== null && point[2] !== null);
    return [
      { ...shape, name: low.name, data: known.map(([x, from]) => [x, from]), tooltip: { show: false } },
      {
        ...shape,
        name: high.name,
        data: known.map(([x, from, to]) => [x, to - from]),
        areaStyle: { color: colour("--red"), opacity: 0.14 },
        tooltip: { show: false },
      },
    ];
  }

  function options(panel, table) {
    const found = read(table);
    const shown = found.filter((one) => one.kind !== "low" && one.kind !== "high");
    const write = panel.dataset.unit === "ratio" ? share : number;
    const isTime = panel.dataset.chart === "time";
    const values = shown.flatMap((one) => one.points.map((point) => point[1])).filter((v) => v !== null);
    const high = Math.max(...values);
    return {
      animation: false, // paper and screenshots get the drawing, not its beginning
      textStyle: { fontFamily: getComputedStyle(document.body).fontFamily },
      grid: { left: 8, right: 18, top: shown.length > 1 ? 34 : 16, bottom: 8, containLabel: true },
      legend: shown.length > 1
        ? { data: shown.map((one) => one.name), top: 0, left: 0, itemWidth: 18, itemHeight: 8, textStyle: { color: colour("--ink-soft") } }
        : undefined,
      tooltip: {
        trigger: "axis",
        confine: true,
        valueFormatter: (value) => (value === null || value === undefined ? "—" : write.format(value)),
      },
      xAxis: {
        type: isTime ? "time" : "category",
        axisLine: { lineStyle: { color: colour("--line") } },
        axisLabel: {
          color: colour("--ink-soft"),
          hideOverlap: true,
          formatter: isTime ? { year: "{yyyy}", month: "{yyyy}-{MM}", day: "{MM}-{dd}" } : undefined,
        },
      },
      yAxis: {
        type: "value",
        // A line that hardly changes would hang in the void, or show one member more as a cliff; it
        // stands on zero.
        scale: panel.dataset.chart === "months" && high - Math.min(...values) > high * 0.01,
        minInterval: panel.dataset.unit === "ratio" ? 0 : 1,
        axisLabel: { color: colour("--ink-soft"), formatter: (value) => write.format(value) },
        splitLine: { lineStyle: { color: colour("--line") } },
      },
      series: [...band(found), ...shown.map(series)],
    };
  }

  const drawn = new Set();

  function draw(panel) {
    const box = panel.querySelector(".chart");
    const table = panel.querySelector("table");
    if (!box || !table || echarts.getInstanceByDom(box)) return;
    box.hidden = false;
    const chart = echarts.init(box, null, { renderer: "svg" });
    chart.setOption(options(panel, table));
    new ResizeObserver(() => chart.resize()).observe(box);
    drawn.add(chart);
  }

  const drawAll = (root) => {
    for (const chart of drawn) {
      if (chart.getDom().isConnected) continue;
      chart.dispose();
      drawn.delete(chart);
    }
    if (root.matches?.(".charted")) draw(root);
    root.querySelectorAll?.(".charted").forEach(draw);
  };

  // Paper has another width than the screen: there the style sheet scales the drawing.
  window.addEventListener("beforeprint", () => {
    for (const chart of drawn) {
      const svg = chart.getDom().querySelector("svg");
      svg?.setAttribute("viewBox", `0 0 ${chart.getWidth()} ${chart.getHeight()}`);
    }
  });
  window.addEventListener("afterprint", () => {
    for (const chart of drawn) chart.getDom().querySelector("svg")?.removeAttribute("viewBox");
  });

  drawAll(document.body);
  document.body.addEventListener("htmx:load", (event) => drawAll(event.detail.elt));
})();
