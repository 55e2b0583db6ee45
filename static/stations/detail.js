// One station on its map.
"use strict";

(() => {
  const element = document.getElementById("map");
  const { longitude, latitude, name } = element.dataset;
  document.getElementById("map-panel").hidden = false;
  const map = window.stationMap.create(element);
  map.setView([Number(latitude), Number(longitude)], 15);
  window.stationMap.mark([Number(latitude), Number(longitude)], window.stationMap.STATION)
    .bindTooltip(name, { permanent: true, direction: "top", offset: [0, -8] }).addTo(map);
})();
