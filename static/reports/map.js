/* Unions on the map of their divisions, in bands of colour; without shapes as tiles in the same
   colours. Figures: GET /dashboard/map.json. Shapes are fetched when the map comes into view. */
"use strict";

const unionMap = (() => {
  const registered = new Map();
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  /* Fetches the shapes once and hands them to ECharts; promises the names of the shapes. */
  function shapes({ map, url }) {
    if (!registered.has(map)) {
      const loading = fetch(url).then((answer) => {
        if (!answer.ok) throw new Error(String(answer.status));
        return answer.json();
      }).then((json) => {
        echarts.registerMap(map, json);
        return json.features.map((feature) => feature.properties.name);
      });
      loading.catch(() => registered.delete(map));
      registered.set(map, loading);
    }
    return registered.get(map);
  }

  const hatching = () => ({
    color: css("--no-data-line"),
    dashArrayX: [1, 0],
    dashArrayY: [1, 5],
    rotation: -Math.PI / 4,
  });
  const bandColour = (band) => css(`--band-${band}`);
  /* The figure in words; behind one whose books differ, that they do. */
  const text = (area, unit = "") => {
    const figure = unit && area.value !== null ? `${area.text} ${unit}` : area.text;
    return area.mark ? `${figure} · ${area.mark}` : figure;
  };
  /* The union behind its place; what is unknown has none. */
  const placed = (area) => (area.place ? `${area.place}. ${area.name}` : area.name);
  /* The name of the figure with its unit. */
  const title = (found) => (found.unit ? `${found.name} · ${found.unit}` : found.name);
  /* What stands on a shape: its name, if there is a union, and the mark of its figure. */
  const caption = (name, area) => (area ? [name, area.mark].filter(Boolean).join("\n") : "");
  const noData = () => ({ areaColor: css("--no-data"), decal: hatching() });

  /* The chart of what the server sent. ``words``: what to say without a figure, without a union. */
  function option(found, names, words, { ink, line, scale = 1, roam = false } = {}) {
    const onMap = found.areas.filter((area) => area.shape);
    const byShape = new Map(onMap.map((area) => [area.shape, area]));
    const label = { show: true, color: ink, fontSize: 11 * scale, textBorderColor: css("--map-halo") || "#fff", textBorderWidth: 2 };
    return {
      animation: false,
      textStyle: { fontFamily: getComputedStyle(document.body).fontFamily },
      tooltip: {
        trigger: "item",
        confine: true,
        renderMode: "richText",
        formatter: ({ name }) => {
          const area = byShape.get(name);
          if (!area) return `${name}\n${words.nobody}`;
          return `${placed(area)}\n${found.name} ${text(area, found.unit)}`;
        },
      },
      series: [{
        type: "map",
        map: found.shapes.map,
        roam,
        selectedMode: false,
        left: 4,
        right: 4,
        top: 4,
        bottom: 4,
        preserveAspect: "contain",
        aspectScale: 0.75,
        label: { ...label, formatter: ({ name }) => caption(name, byShape.get(name)) },
        labelLayout: { hideOverlap: true },
        itemStyle: { areaColor: css("--no-data"), borderColor: line, borderWidth: 0.8 * scale },
        emphasis: { label, itemStyle: { areaColor: null, borderColor: ink, borderWidth: 2 * scale } },
        data: names.map((name) => datum(name, byShape.get(name))),
      }],
    };
  }

  function datum(name, area) {
    if (!area || area.band === null) return { name, value: NaN, itemStyle: noData() };
    return {
      name,
      value: area.value,
      itemStyle: { areaColor: bandColour(area.band) },
      label: area.band >= 3 ? { color: css("--map-on-dark") || "#fff", textBorderWidth: 0 } : {},
    };
  }

  return { shapes, option, text, title, placed };
})();

document.addEventListener("DOMContentLoaded", () => {
  const panel = document.querySelector("section.union-map");
  if (!panel || typeof echarts === "undefined") return;

  const box = panel.querySelector(".map-chart");
  const status = panel.querySelector(".map-status");
  const legend = panel.querySelector(".map-legend");
  const tiles = panel.querySelector(".map-tiles");
  const words = { nothing: panel.dataset.nothing, nobody: panel.dataset.nobody };
  let chart = null;
  let latest = 0;

  /* The same page of another union: day and whatever else was chosen stay. */
  function addressOf(union) {
    const address = new URL(window.location.href);
    address.searchParams.set("union", union);
    // Filters and pages were meant for the union left behind.
    ["page", "kind", "status"].forEach((name) => address.searchParams.delete(name));
    address.hash = "";
    return address.href;
  }

  function entry(band, text) {
    const item = document.createElement("li");
    const key = document.createElement("span");
    key.className = `map-key ${band === null ? "map-none" : `band-${band}`}`;
    key.setAttribute("aria-hidden", "true");
    item.append(key, text);
    return item;
  }

  function tile(area) {
    const item = document.createElement("li");
    const link = document.createElement("a");
    link.className = `map-tile ${area.band === null ? "map-none" : `band-${area.band}`}`;
    link.href = addressOf(area.union);
    const name = document.createElement("span");
    name.textContent = unionMap.placed(area);
    const value = document.createElement("strong");
    value.textContent = unionMap.text(area);
    link.append(name, value);
    item.append(link);
    return item;
  }

  /* Few bands are spread over the colours, so that the largest is always the darkest. */
  function spread(found) {
    const last = Math.max(found.bands.length - 1, 1);
    const shade = (band) => (band === null ? null : Math.round((band * 4) / last));
    const colours = found.bands.map((_text, band) => shade(band));
    found.areas.forEach((area) => { area.band = shade(area.band); });
    return colours;
  }

  async function draw(metric) {
    const mine = ++latest;
    const query = new URLSearchParams({ union: panel.dataset.union, day: panel.dataset.day, metric });
    if (panel.dataset.pace) query.set("pace", panel.dataset.pace);
    try {
      const answer = await fetch(`${panel.dataset.url}?${query}`, { headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error(String(answer.status));
      const found = await answer.json();
      if (mine !== latest) return;
      const colours = spread(found);
      const hasShapes = found.shapes !== null;
      const names = hasShapes ? await unionMap.shapes(found.shapes) : [];
      if (mine !== latest) return;
      show(found, colours, names, hasShapes);
    } catch {
      if (mine === latest) status.textContent = panel.dataset.failed;
    }
  }

  function show(found, colours, names, hasShapes) {
    status.textContent = found.left_out ? panel.dataset.leftOut + found.left_out : "";
    panel.classList.add("is-drawn");
    panel.classList.toggle("has-shapes", hasShapes);
    const someEmpty = hasShapes || found.areas.some((area) => area.band === null);
    panel.querySelector(".map-figure").textContent = unionMap.title(found);
    legend.replaceChildren(
      ...found.bands.map((text, index) => entry(colours[index], text)),
      ...(someEmpty ? [entry(null, words.nothing)] : []),
    );
    const others = hasShapes ? found.areas.filter((area) => !area.shape) : found.areas;
    tiles.replaceChildren(...others.map(tile));
    panel.querySelectorAll(".map-others").forEach((part) => { part.hidden = !(hasShapes && others.length); });
    const differs = panel.querySelector(".map-differs");
    differs.textContent = found.marked;
    differs.hidden = !found.marked;
    panel.querySelector(".map-with-shapes").hidden = !hasShapes;
    panel.querySelector(".map-without-shapes").hidden = hasShapes;
    box.hidden = !hasShapes;
    if (!hasShapes) return;
    if (!chart) {
      chart = echarts.init(box, null, { renderer: "svg" });
      new ResizeObserver(() => chart.resize()).observe(box);
      chart.on("click", ({ name }) => {
        const union = chart.unionByShape.get(name);
        if (union) window.location.href = addressOf(union);
      });
    }
    chart.unionByShape = new Map(found.areas.filter((a) => a.shape).map((a) => [a.shape, a.union]));
    const style = getComputedStyle(document.documentElement);
    chart.setOption(unionMap.option(found, names, words, {
      ink: style.getPropertyValue("--ink").trim(),
      line: style.getPropertyValue("--line-strong").trim(),
    }), true);
  }

  // Paper has another width than the screen: there the style sheet scales the drawing.
  window.addEventListener("beforeprint", () => {
    if (chart) box.querySelector("svg")?.setAttribute("viewBox", `0 0 ${chart.getWidth()} ${chart.getHeight()}`);
  });
  window.addEventListener("afterprint", () => box.querySelector("svg")?.removeAttribute("viewBox"));

  const buttons = [...panel.querySelectorAll("[data-metric]")];
  const chosen = () => buttons.find((button) => button.getAttribute("aria-pressed") === "true").dataset.metric;
  const DEFAULT = "members";

  /* The address with the chosen figure; without the word for the default. */
  function withFigure(href) {
    const address = new URL(href, window.location.href);
    if (chosen() === DEFAULT) address.searchParams.delete("map");
    else address.searchParams.set("map", chosen());
    return address.pathname + address.search + address.hash;
  }

  buttons.forEach((button) => button.addEventListener("click", () => {
    buttons.forEach((other) => other.setAttribute("aria-pressed", String(other === button)));
    window.history.replaceState(window.history.state, "", withFigure(window.location.href));
    pageState.keep(document);
    draw(chosen());
  }));

  panel.hidden = false;
  const seen = new IntersectionObserver((entries) => {
    if (entries.some((one) => one.isIntersecting)) {
      seen.disconnect();
      draw(chosen());
    }
  }, { rootMargin: "300px" });
  seen.observe(panel);
});
