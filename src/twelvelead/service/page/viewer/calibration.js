// How large this screen is: a bank card is laid against a box, which is made as wide as the card.

import { CARD_MM, calibrate, forget, pixelsPerMm } from "./scale.js";
import { element } from "./toolbar.js";

const CARD_RATIO = 53.98 / CARD_MM;
const WIDTHS = [120, 900]; // CSS pixels

export function openCalibration(viewer) {
  const { t } = viewer;
  const slider = element("input", {
    type: "range", min: WIDTHS[0], max: WIDTHS[1], step: "0.5", value: String(CARD_MM * pixelsPerMm()), "aria-label": t("viewer.card-width"),
  });
  const card = element("div", { class: "viewer-card" }, t("viewer.card"));
  const button = (label, act) => {
    const made = element("button", { type: "button" }, label);
    made.addEventListener("click", () => {
      act();
      dialog.close();
    });
    return made;
  };
  const dialog = element("dialog", { class: "viewer-dialog", "aria-label": t("viewer.command.calibrate") },
    element("p", {}, t("viewer.calibrate-how")),
    card, slider,
    element("p", { class: "viewer-choices" },
      button(t("viewer.calibrate-save"), () => calibrate(Number(slider.value), CARD_MM)),
      button(t("viewer.calibrate-forget"), forget),
      button(t("viewer.cancel"), () => {})));
  const size = () => {
    card.style.width = `${slider.value}px`;
    card.style.height = `${slider.value * CARD_RATIO}px`;
  };
  slider.addEventListener("input", size);
  dialog.addEventListener("close", () => {
    dialog.remove();
    viewer.set({});
    viewer.stage.scroller.focus();
  });
  size();
  viewer.root.append(dialog);
  dialog.showModal();
  slider.focus();
}
