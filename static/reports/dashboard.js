/* The trend chart of the dashboard, and the button that prints. Without scripts the page shows the
   same figures as a table. Data: GET /api/v1/dashboard/trend/. */
"use strict";

(() => {
  const print = document.getElementById("print-page");
  if (print) {
    print.hidden = false;
    print.addEventListener("click", () => window.print());
  }

  const panel = document.getElementById("trend");
  if (!panel || typeof echarts === "undefined") return;

  const tools = panel.querySelector(".trend-tools");
  const box = panel.querySelector(".chart");
  const failed = panel.querySelector(".trend-failed");
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const number = new Intl.NumberFormat(document.documentElement.lang);
  const chosen = { metric: "members", range: "year" };
  let chart = null;
  let latest = 0;

  const iso = (date) => date.toISOString().slice(0, 10);

  /* The first day of the period that ends on the day shown; null is the beginning of the records. */
  function firstDay() {
    if (chosen.range === "all") return null;
    const date = new Date(`${panel.dataset.day}T00:00:00Z`);
    if (chosen.range === "month") date.setUTCMonth(date.getUTCMonth() - 1);
    else date.setUTCFullYear(date.getUTCFullYear() - 1);
    // Months are shown whole: they begin after the last day of the month before.
    if (chosen.metric === "joined") date.setUTCDate(0);
    return iso(date);
  }

  /* "Joined so far" only grows: what was new in a month is the difference over it. */
  function byMonth(points) {
    const atEnd = new Map();
    points.forEach((point) => atEnd.set(point.day.slice(0, 7), point.value));
    const months = [];
    if (!points.length) return months;
    const cursor = new Date(`${points[0].day.slice(0, 7)}-01T00:00:00Z`);
    const last = points[points.length - 1].day.slice(0, 7);
    let before = firstDay() === null ? 0 : points[0].value;
    for (;;) {
      const month = iso(cursor).slice(0, 7);
      const value = atEnd.get(month) ?? before;
      const isEve = chosen.range !== "all" && month === points[0].day.slice(0, 7);
      if (!isEve) months.push([month, value - before]);
      before = value;
      if (month >= last) return months;
      cursor.setUTCMonth(cursor.getUTCMonth() + 1);
    }
  }

  function options(points, name) {
    const isBars = chosen.metric === "joined";
    const red = colour("--red");
    const soft = colour("--ink-soft");
    const line = colour("--line");
    const data = isBars ? byMonth(points) : points.map((point) => [point.day, point.value]);
    return {
      animation: !window.matchMedia("(prefers-reduced-motion: reduce)").matches,
      textStyle: { fontFamily: getComputedStyle(document.body).fontFamily },
      grid: { left: 8, right: 16, top: 16, bottom: 8, containLabel: true },
      tooltip: { trigger: "axis", valueFormatter: (value) => number.format(value) },
      xAxis: {
        type: isBars ? "category" : "time",
        axisLine: { lineStyle: { color: line } },
        axisLabel: {
          color: soft,
          hideOverlap: true,
          formatter: isBars ? undefined : { year: "{yyyy}", month: "{yyyy}-{MM}", day: "{MM}-{dd}" },
        },
      },
      yAxis: {
        type: "value",
        // A line that never changes would hang in the void; it stands on zero.
        scale: !isBars && new Set(data.map((point) => point[1])).size > 1,
        minInterval: 1,
        axisLabel: { color: soft, formatter: (value) => number.format(value) },
        splitLine: { lineStyle: { color: line } },
      },
      series: [
        isBars
          ? { type: "bar", name, data, itemStyle: { color: red }, barMaxWidth: 28 }
          : {
              type: "line",
              name,
              data,
              step: "end", // a figure holds until the next change
              showSymbol: data.length < 3,
              lineStyle: { color: red, width: 2 },
              itemStyle: { color: red },
            },
      ],
    };
  }

  async function show() {
    const turn = ++latest;
    const query = new URLSearchParams({
      union: panel.dataset.union,
      metric: chosen.metric,
      to: panel.dataset.day,
    });
    const first = firstDay();
    if (first) query.set("from", first);
    try {
      const response = await fetch(`${panel.dataset.url}?${query}`, { credentials: "same-origin" });
      if (!response.ok) throw new Error(String(response.status));
      const { points } = await response.json();
      if (turn !== latest) return; // another choice was made meanwhile
      failed.hidden = true;
      box.hidden = false;
      if (!chart) {
        chart = echarts.init(box, null, { renderer: "svg" });
        new ResizeObserver(() => chart.resize()).observe(box);
        // Paper has another width than the screen: there the style sheet scales the drawing.
        window.addEventListener("beforeprint", () => {
          const size = `0 0 ${chart.getWidth()} ${chart.getHeight()}`;
          box.querySelector("svg").setAttribute("viewBox", size);
        });
        window.addEventListener("afterprint", () => {
          box.querySelector("svg").removeAttribute("viewBox");
        });
      }
      const pressed = panel.querySelector('[data-metric][aria-pressed="true"]');
      chart.setOption(options(points, pressed.textContent), true);
    } catch {
      if (turn !== latest) return;
      failed.textContent = panel.dataset.failed;
      failed.hidden = false;
      panel.querySelector("details").open = true;
    }
  }

  function choose(button, key) {
    chosen[key] = button.dataset[key];
    panel.querySelectorAll(`[data-${key}]`).forEach((other) => {
      other.setAttribute("aria-pressed", String(other === button));
    });
    show();
  }

  tools.hidden = false;
  tools.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    choose(button, button.dataset.metric ? "metric" : "range");
  });
  show();
})();
