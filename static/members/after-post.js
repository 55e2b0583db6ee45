/* A page that answers a sent form stands in the history as an ordinary one: going back to it, or
   reloading it, opens the empty form instead of the browser's question about sending again. */
if (window.history.replaceState) { window.history.replaceState(null, "", window.location.href); }
