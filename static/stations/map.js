// The map of the stations: Leaflet with the tiles of the setting, or with a plain grid.
// Everything on it is GCJ-02, as Chinese tile services are.
"use strict";

window.stationMap = (() => {
  // Without a tile server: squares that move and scale with the map, so that it can be grasped.
  const Grid = L.GridLayer.extend({
    createTile() {
      const square = document.createElement("div");
      square.className = "map-square";
      return square;
    },
  });

  function create(element) {
    const map = L.map(element, { zoomControl: false, preferCanvas: true, worldCopyJump: false });
    const { tiles, attribution, zoomIn, zoomOut } = element.dataset;
    L.control.zoom({ zoomInTitle: zoomIn, zoomOutTitle: zoomOut }).addTo(map);
    L.control.scale({ imperial: false }).addTo(map);
    map.attributionControl.setPrefix(false);
    const ground = tiles ? L.tileLayer(tiles, { attribution, maxZoom: 18 }) : new Grid({ maxZoom: 18 });
    ground.addTo(map);
    map.setView([35.5, 104], 4);
    map.setMaxZoom(18);
    return map;
  }

  const STATION = { radius: 8, weight: 2, color: "#fff", fillColor: "#b3261e", fillOpacity: 0.92 };
  const PAUSED = { ...STATION, fillColor: "#825400" };
  const YOU = { radius: 9, weight: 3, color: "#fff", fillColor: "#1f4f7d", fillOpacity: 1 };

  function mark(position, style) {
    return L.circleMarker(position, style);
  }

  return { create, mark, STATION, PAUSED, YOU };
})();
