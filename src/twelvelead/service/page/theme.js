// Before anything is drawn, so that a dark page does not flash.
document.documentElement.dataset.theme = localStorage.getItem("twelvelead-theme") ?? "auto";
