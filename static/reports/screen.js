/* The big screen: clock, charts, and a fresh page every five minutes. When the server does not
   answer, the last figures stay and the screen says since when. */
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const EVERY = 5 * 60 * 1000;
  const SOON = 30 * 1000;
  const PATIENCE = 60 * 1000;
  let charts = [];
  let fetched = new Date();

  const rem = () => parseFloat(getComputedStyle(document.documentElement).fontSize);
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const time = (date) => date.toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", hour12: false, timeZone: "Asia/Shanghai" });
  // Figures may hang for days: then the day belongs to it.
  const moment = (date) => `${date.toLocaleDateString("sv-SE", { timeZone: "Asia/Shanghai" })} ${time(date)}`;
  const data = (id) => JSON.parse(document.getElementById(id)?.textContent ?? "null");

  function chartIn(id) {
    const box = document.getElementById(id);
    if (!box || typeof echarts === "undefined") return null;
    const chart = echarts.init(box, null, { renderer: "svg" });
    charts.push(chart);
    return chart;
  }

  // Round ends and steps. What is small, or changed by more than half, stands on zero; else the axis
  // is cut (its name says where it begins), and less than two percent is not drawn as a leap.
  function axisOf(amounts) {
    const known = amounts.filter(Number.isFinite);
    if (!known.length) return {};
    const least = Math.min(...known), high = Math.max(...known, 0);
    const low = high < 200 || least <= high / 2 ? Math.min(least, 0) : least;
    const spare = Math.max(0, (high * 0.02 - (high - low)) / 2);
    const rough = Math.max((high - low + 2 * spare) / 4, 1);
    const size = 10 ** Math.floor(Math.log10(rough));
    const interval = [1, 2, 5, 10].map((times) => times * size).find((step) => step >= rough);
    return { min: Math.floor(Math.max(low - spare, Math.min(low, 0)) / interval) * interval, max: Math.max(Math.ceil((high + spare) / interval), 1) * interval, interval };
  }

  function drawTrend(words) {
    const rows = data("trend-data");
    const chart = rows && chartIn("screen-trend");
    if (!chart) return;
    const size = rem() * 1.15;
    const axis = { axisLabel: { color: css("--ink-soft"), fontSize: size }, axisLine: { lineStyle: { color: css("--line") } } };
    const number = new Intl.NumberFormat(document.documentElement.lang, { notation: "compact", maximumSignificantDigits: 4 });
    const value = { ...axis, type: "value", axisLabel: { ...axis.axisLabel, formatter: (amount) => number.format(amount) } };
    const members = axisOf(rows.map((row) => row.members));
    const named = (name, align) => ({ name, nameGap: size * 0.6, nameTextStyle: { color: css("--ink-soft"), fontSize: size, align } });
    chart.setOption({
      animation: false,
      textStyle: { fontFamily: getComputedStyle(document.body).fontFamily },
      legend: { top: 0, itemGap: size * 1.6, textStyle: { color: css("--ink"), fontSize: size } },
      grid: { left: 4, right: 4, top: size * 3.6, bottom: 0, containLabel: true },
      xAxis: { ...axis, type: "category", data: rows.map((row) => row.month.slice(2)) },
      yAxis: [
        { ...value, ...members, ...named(`${words.members} · ${words.unit}${members.min > 0 ? ` · ${words.cut.replace("{start}", number.format(members.min))}` : ""}`, "left"), splitLine: { lineStyle: { color: css("--line") } } },
        { ...value, minInterval: 1, ...named(`${words.joined} · ${words.unit}`, "right"), splitLine: { show: false } },
      ],
      series: [
        { type: "bar", name: words.joined, yAxisIndex: 1, data: rows.map((row) => row.joined), itemStyle: { color: css("--band-1") }, barMaxWidth: rem() * 2.5 },
        { type: "line", name: words.members, data: rows.map((row) => row.members), symbolSize: rem() * 0.6, lineStyle: { width: rem() * 0.25 }, itemStyle: { color: css("--accent") } },
      ],
    });
  }

  function shadesOf(found) {
    const last = Math.max(found.bands.length - 1, 1);
    return (band) => (band === null ? null : Math.round((band * 4) / last));
  }

  function key(shade, text) {
    const item = document.createElement("li");
    const colour = document.createElement("span");
    colour.className = `map-key ${shade === null ? "map-none" : `band-${shade}`}`;
    item.append(colour, text);
    return item;
  }

  async function drawMap(words) {
    const found = data("map-data");
    const box = document.getElementById("screen-map");
    if (!found || !box) return;
    const shade = shadesOf(found);
    const legend = found.bands.map((text, band) => key(shade(band), text));
    if (found.shapes || found.areas.some((area) => area.band === null)) legend.push(key(null, words.nothing));
    document.getElementById("screen-legend").replaceChildren(...legend);
    found.areas.forEach((area) => { area.band = shade(area.band); });
    if (!found.shapes) {
      tiles(box, found, words);
      return;
    }
    let names = null;
    try {
      names = await unionMap.shapes(found.shapes);
    } catch {
      // Without the shapes the same figures stand in tiles.
    }
    const chart = names && chartIn("screen-map");
    if (!chart) tiles(box, found, words);
    else chart.setOption({ ...unionMap.option(found, names, words, { ink: css("--ink"), line: css("--no-data-line"), scale: rem() / 10 }), tooltip: { show: false } });
  }

  function tiles(box, found, words) {
    const list = document.createElement("ul");
    list.className = "screen-tiles";
    list.append(...found.areas.slice(0, 24).map((area) => {
      const item = document.createElement("li");
      item.className = area.band === null ? "map-none" : `band-${area.band}`;
      const name = document.createElement("span");
      name.textContent = area.short;
      const value = document.createElement("strong");
      value.textContent = unionMap.text(area);
      item.append(name, value);
      return item;
    }));
    box.removeAttribute("role");
    box.removeAttribute("aria-label");
    box.replaceChildren(list);
  }

  function draw() {
    charts.forEach((chart) => chart.dispose());
    charts = [];
    const { members, joined, unit, cut, nothing } = document.getElementById("screen").dataset;
    drawTrend({ members, joined, unit, cut });
    drawMap({ nothing, nobody: "" }).catch(() => {});
  }

  function tick() {
    document.getElementById("clock").textContent = time(new Date());
  }

  async function refresh() {
    let next = EVERY;
    let limit = 0;
    try {
      const given = new AbortController();
      limit = window.setTimeout(() => given.abort(), PATIENCE);
      const answer = await fetch(window.location.href, { cache: "no-store", signal: given.signal });
      const text = await answer.text();
      if (answer.status === 404 && text.includes("screen-empty")) {
        // Revoked: nothing of it stays on the wall. Another 404 is not the portal's.
        window.location.reload();
        return;
      }
      if (!answer.ok) throw new Error(String(answer.status));
      const page = new DOMParser().parseFromString(text, "text/html");
      document.getElementById("screen").replaceWith(document.adoptNode(page.getElementById("screen")));
      fetched = new Date();
      draw();
      tick();
    } catch {
      const lost = document.getElementById("lost");
      lost.textContent = document.getElementById("screen").dataset.lost + moment(fetched);
      lost.hidden = false;
      next = SOON;
    } finally {
      window.clearTimeout(limit);
    }
    window.setTimeout(refresh, next);
  }

  let resizing = 0;
  window.addEventListener("resize", () => {
    window.clearTimeout(resizing);
    resizing = window.setTimeout(draw, 200);
  });
  draw();
  tick();
  window.setInterval(tick, 1000);
  window.setTimeout(refresh, EVERY);
});
