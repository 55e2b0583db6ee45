/* Looks again every three seconds while the work goes on and the page is in front. */
window.setInterval(() => {
    if (document.visibilityState === "visible" && !document.activeElement?.closest("form")) {
        window.location.reload();
    }
}, 3000);
