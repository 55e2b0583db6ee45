/* Draws each chart from its own table: what is drawn is what can be read. A table stands beside a
   box in `.charted`; the heads of its columns say how a series looks (data-series), the cells hold
   the plain numbers (data-value), the rows their place on the axis (data-x). What is said about a
   chart beside its figures stands at the panel: data-word, the unit of its axis; data-cut, that the
   axis begins elsewhere than at zero ("{start}"); data-interval, the name of the shaded interval.
   Without scripts there is the table. */
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
        words: new Map(rows.map((row) => [row.cells[0].dataset.x, wordsOf(row.cells[column])])),
      }));
  }

  /* What the cell says: the figure as the table writes it, and the mark behind it. */
  function wordsOf(cell) {
    const figure = (cell.querySelector("a") ?? cell.firstChild)?.textContent.trim() ?? "";
    return { figure, mark: cell.querySelector(".books")?.textContent.trim() ?? "" };
  }

  /* The ends and the step of an axis. It stands on zero, for half of the height must be half of the
     figure. Only a line of some hundreds that neither hardly changes nor by more than half would
     show nothing there: its axis is cut, and the page says so. */
  function axisOf(values, isLine) {
    const low = Math.min(...values), high = Math.max(...values);
    const isCut = isLine && high >= 200 && low > high / 2 && high - low > high * 0.01;
    if (!isCut) return { isCut };
    const rough = Math.max((high - low) / 4, 1);
    const size = 10 ** Math.floor(Math.log10(rough));
    const interval = [1, 2, 5, 10].map((times) => times * size).find((step) => step >= rough);
    const min = Math.floor(low / interval) * interval, max = Math.ceil(high / interval) * interval;
    return { isCut, ends: { min, max, interval } };
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
      { ...shape, name: low.name, data: known.map(([x, from]) => [x, from]) },
      {
        ...shape,
        name: high.name,
        data: known.map(([x, from, to]) => [x, to - from]),
        areaStyle: { color: colour("--red"), opacity: 0.14 },
      },
    ];
  }

  const bounds = ({ kind }) => kind === "low" || kind === "high";

  /* What stands at a place of the axis, as the table says it: a line for each series. */
  function tooltip(panel, found, x) {
    const unit = panel.dataset.word ? ` ${panel.dataset.word}` : "";
    const said = (one) => {
      const { figure, mark } = one.words.get(x) ?? { figure: "—", mark: "" };
      return [figure === "—" || figure === "" ? "—" : figure + unit, mark].filter(Boolean).join(" · ");
    };
    const lines = found.filter((one) => !bounds(one) && one.points.some(([at, value]) => at === x && value !== null))
      .map((one) => `${one.name}  ${said(one)}`);
    const [low, high] = ["low", "high"].map((kind) => found.find((one) => one.kind === kind));
    if (low && high && low.points.some(([at, value]) => at === x && value !== null)) {
      lines.push(`${panel.dataset.interval}  ${said(low)} – ${said(high)}`);
    }
    return [x, ...lines].join("\n");
  }

  function options(panel, found) {
    const shown = found.filter((one) => !bounds(one));
    const write = panel.dataset.unit === "ratio" ? share : number;
    const isTime = panel.dataset.chart === "time";
    const values = shown.flatMap((one) => one.points.map((point) => point[1])).filter((v) => v !== null);
    const { ends } = axisOf(values, panel.dataset.chart === "months");
    const soft = { color: colour("--ink-soft") };
    return {
      animation: false, // paper and screenshots get the drawing, not its beginning
      textStyle: { fontFamily: getComputedStyle(document.body).fontFamily },
      grid: { left: 8, right: 18, top: panel.dataset.word || panel.dataset.unit ? 30 : 16, bottom: 8, containLabel: true },
      tooltip: {
        trigger: "axis",
        confine: true,
        renderMode: "richText",
        formatter: (items) => tooltip(panel, found, items[0].value[0]),
      },
      xAxis: {
        type: isTime ? "time" : "category",
        axisLine: { lineStyle: { color: colour("--line") } },
        axisLabel: {
          ...soft,
          hideOverlap: true,
          formatter: isTime ? { year: "{yyyy}-{MM}", month: "{yyyy}-{MM}", day: "{MM}-{dd}" } : undefined,
        },
      },
      yAxis: {
        type: "value",
        name: panel.dataset.word || panel.dataset.axis || "",
        nameTextStyle: { ...soft, align: "left" },
        nameGap: 10,
        ...ends,
        minInterval: panel.dataset.unit === "ratio" ? 0 : 1,
        axisLabel: { ...soft, formatter: (value) => write.format(value) },
        splitLine: { lineStyle: { color: colour("--line") } },
      },
      series: [...band(found), ...shown.map(series)],
    };
  }

  /* The names of the series over the chart: as a list, for words of any size break into lines. */
  function legend(panel, found) {
    const names = found.filter((one) => !bounds(one)).map((one) => [one.kind, one.name]);
    if (names.length < 2) return null;
    if (found.some((one) => one.kind === "low" && one.points.some((point) => point[1] !== null))) {
      names.push(["interval", panel.dataset.interval]);
    }
    const list = document.createElement("ul");
    list.className = "chart-legend plain-list";
    list.setAttribute("aria-hidden", "true"); // for the drawing, which is one picture to who hears it
    list.append(...names.map(([kind, name]) => {
      const item = document.createElement("li");
      const key = document.createElement("span");
      key.className = `chart-key chart-key-${kind}`;
      item.append(key, name);
      return item;
    }));
    return list;
  }

  /* Says below the chart where an axis begins that does not begin at zero. */
  function cutNote(panel, found) {
    const values = found.flatMap((one) => one.points.map((point) => point[1])).filter((v) => v !== null);
    const { isCut, ends } = axisOf(values, panel.dataset.chart === "months");
    if (!isCut || !panel.dataset.cut) return null;
    const note = document.createElement("p");
    note.className = "chart-note soft";
    note.textContent = panel.dataset.cut.replace("{start}", number.format(ends.min));
    return note;
  }

  const drawn = new Set();

  function draw(panel) {
    const box = panel.querySelector(".chart");
    const table = panel.querySelector("table");
    if (!box || !table || echarts.getInstanceByDom(box)) return;
    box.hidden = false;
    const found = read(table);
    const names = legend(panel, found), note = cutNote(panel, found);
    if (names) box.before(names);
    if (note) box.after(note);
    const chart = echarts.init(box, null, { renderer: "svg" });
    chart.setOption(options(panel, found));
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
