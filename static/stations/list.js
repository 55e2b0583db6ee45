// Stations on the map, and the nearest first. The list itself comes with the page.
"use strict";

(() => {
  const element = document.getElementById("map");
  const panel = document.getElementById("map-panel");
  const say = document.getElementById("map-message");
  const list = document.getElementById("station-list");
  const words = element.dataset;
  const MOST_MARKS = 2000;
  const NEAREST = 20;

  panel.hidden = false; // before Leaflet measures it
  const map = window.stationMap.create(element);
  const marks = L.featureGroup().addTo(map);

  function popup(station) {
    const box = document.createElement("div");
    const link = document.createElement("a");
    link.href = station.page;
    link.textContent = station.name;
    const address = document.createElement("div");
    address.textContent = station.address;
    box.append(link, address);
    return box;
  }

  function draw(stations) {
    for (const station of stations) {
      if (station.longitude === null) continue;
      const style = station.status === "paused" ? window.stationMap.PAUSED : window.stationMap.STATION;
      window.stationMap.mark([station.latitude, station.longitude], style)
        .bindPopup(() => popup(station)).bindTooltip(station.name).addTo(marks);
    }
  }

  function fit() {
    if (marks.getLayers().length) map.fitBounds(marks.getBounds(), { padding: [28, 28], maxZoom: 15 });
  }

  async function fetchJson(address) {
    const response = await fetch(address, { headers: { Accept: "application/json" } });
    if (!response.ok) throw new Error(String(response.status));
    return response.json();
  }

  // The page's filters are the API's, but an empty one means "any" here and nothing there.
  function query(more) {
    const given = new URLSearchParams(words.filters);
    const filters = new URLSearchParams(more);
    for (const name of ["region", "kind", "facility", "q"]) {
      for (const value of given.getAll(name)) if (value) filters.append(name, value);
    }
    return `${words.stations}?${filters}`;
  }

  async function showAll() {
    let next = query({ page_size: "500" });
    let shown = 0;
    while (next && shown < MOST_MARKS) {
      const page = await fetchJson(next);
      draw(page.results);
      shown += page.results.length;
      // Only path and query: behind a proxy the server may know itself under another name.
      next = page.next && new URL(page.next).pathname + new URL(page.next).search;
    }
    if (!marks.getLayers().length) say.textContent = words.none;
    fit();
  }

  function distance(metres) {
    return metres < 1000 ? `${metres} m` : `${(metres / 1000).toFixed(metres < 10000 ? 1 : 0)} km`;
  }

  // As the page's own cards: the region is often written into the address already.
  function place({ region, address }) {
    return address.startsWith(region.full_name) ? address : `${region.full_name} ${address}`;
  }

  function card(station) {
    const item = document.getElementById("station-card").content.cloneNode(true);
    const part = (name) => item.querySelector(`[data-part="${name}"]`);
    part("name").textContent = station.name;
    part("name").href = station.page;
    part("kind").textContent = station.kind.name;
    part("paused").hidden = station.status !== "paused";
    part("distance").textContent = distance(station.distance);
    part("address").textContent = place(station);
    part("hours").textContent = station.opening_hours;
    part("hours").hidden = !station.opening_hours;
    part("facilities").append(...station.facilities.map((facility) => {
      const name = document.createElement("span");
      name.textContent = facility.name;
      return name;
    }));
    return item;
  }

  async function showNearest({ coords }) {
    // Rounded to about 100 m before it leaves the phone. It travels in the query string, which the
    // server's log leaves out; nothing stores it, and the page's own address does not change.
    const longitude = coords.longitude.toFixed(3);
    const latitude = coords.latitude.toFixed(3);
    const page = await fetchJson(query({ near: `${longitude},${latitude}`, page_size: String(NEAREST) }));
    if (!page.results.length) {
      say.textContent = words.none;
      return;
    }
    list.replaceChildren(...page.results.map(card));
    document.getElementById("station-count").textContent = String(page.results.length);
    document.getElementById("station-pages")?.remove();
    document.getElementById("whole-list").hidden = false;
    marks.clearLayers();
    draw(page.results);
    fit();
    say.textContent = words.found;
  }

  document.getElementById("near-me").addEventListener("click", () => {
    if (!navigator.geolocation) {
      say.textContent = words.refused;
      return;
    }
    say.textContent = words.searching;
    navigator.geolocation.getCurrentPosition(
      (position) => showNearest(position).catch(() => { say.textContent = words.failed; }),
      () => { say.textContent = words.refused; },
      { timeout: 15000, maximumAge: 60000 },
    );
  });

  showAll().catch(() => { say.textContent = words.failed; });
})();
