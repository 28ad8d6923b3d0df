// Below the trace: what it shows, as text. Read aloud when it changes.

import { measured } from "./calipers.js";
import { element } from "./toolbar.js";

export class Panel {
  constructor(t) {
    this.t = t;
    this.numbers = element("p", { class: "viewer-numbers" });
    this.calipers = element("ol", { class: "viewer-calipers", "aria-label": t("viewer.calipers"), "aria-live": "polite" });
    this.findings = element("ul", { class: "viewer-findings", "aria-label": t("viewer.findings") });
    this.element = element("div", { class: "viewer-panel" }, this.numbers, this.calipers, this.findings);
  }

  update(viewer) {
    const { t } = this;
    const { words, now, before, state, measurements, marking, calipers, stage } = viewer;
    const description = words.description(state, now, before, measurements);
    const chosen = marking ? ` ${t("viewer.marking", { mark: t(`viewer.mark.${marking}`) })}` : "";
    this.numbers.textContent = (words.numbers(measurements) || t("viewer.nothing-measured")) + chosen;
    stage.picture.setAttribute("aria-label", `${description} ${viewer.lines.words.join(". ")}`);
    this.calipers.replaceChildren(...calipers.all.map((caliper, place) => {
      const item = element("li", {}, `${caliper.lead}: ${words.caliper(measured(caliper), 1)}${caliper.march ? ` (${t("viewer.marching")})` : ""}`);
      if (calipers.chosen?.caliper === place) item.setAttribute("aria-current", "true");
      return item;
    }));
    this.findings.replaceChildren(...now.findings.map((finding) => {
      const where = finding.leads.length ? `${finding.leads.join(", ")}: ` : "";
      const item = element("li", {}, `${where}${finding.message}`);
      if (finding.grave || finding.severity === "refuse") item.classList.add("viewer-grave");
      return item;
    }));
  }
}
