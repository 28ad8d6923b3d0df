// Pointer and wheel: one finger moves the paper or what it takes hold of, two zoom. A caliper is drawn from one foot to
// the other, or set by two clicks.

import * as measuring from "./measuring.js";
import { targetAt } from "./overlay.js";
import { stripAt, timeAt } from "./sheet.js";

const CLICK_PX = 4; // CSS pixels that a click may move

// -> lets go of whatever is held
export function listen(viewer) {
  const { stage } = viewer;
  const surface = stage.overlay;
  const pointers = new Map();
  let drag = null; // { move(event), start: event, isOpen: waits for a second click }

  const at = (event) => stage.placeOf(event);
  const moved = (event) => drag && Math.hypot(event.clientX - drag.start.clientX, event.clientY - drag.start.clientY);

  surface.addEventListener("pointerdown", (event) => {
    if (!viewer.now || event.button > 0) return;
    stage.scroller.focus({ preventScroll: true });
    surface.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, event);
    if (pointers.size === 2) drag = pinch(viewer, [...pointers.values()]);
    else if (drag?.isOpen) drag.isOpen = false;
    else drag = begin(viewer, at(event), event);
  });

  surface.addEventListener("pointermove", (event) => {
    if (!viewer.now) return;
    if (pointers.has(event.pointerId)) pointers.set(event.pointerId, event);
    if (drag) drag.move(event, [...pointers.values()]);
    else hover(viewer, at(event));
  });

  const end = (event) => {
    if (!pointers.delete(event.pointerId) || !drag) return;
    drag.isOpen = Boolean(drag.opens) && moved(event) < CLICK_PX && !drag.wasOpen;
    drag.wasOpen = true;
    if (!drag.isOpen) drag = null;
  };
  const cancel = () => {
    drag = null;
    pointers.clear();
  };
  surface.addEventListener("pointerup", end);
  surface.addEventListener("pointercancel", end);

  stage.scroller.addEventListener("wheel", (event) => {
    if (!viewer.now) return;
    if (event.ctrlKey || event.metaKey) {
      const { px, py } = at(event);
      viewer.zoomTo(viewer.state.zoom * Math.exp(-event.deltaY / 300), [px, py]);
    } else if (!event.deltaX && !event.shiftKey && !stage.canScrollDown) {
      const { scrollLeft } = stage.scroller;
      stage.scroller.scrollLeft += event.deltaY;
      if (stage.scroller.scrollLeft === scrollLeft) return; // the page around it may have it
    } else return;
    event.preventDefault();
  }, { passive: false });
  return cancel;
}

function begin(viewer, place, event) {
  const { stage, calipers } = viewer;
  const target = targetAt(viewer.targets, place, stage.view);
  if (target?.type === "foot") {
    calipers.begin();
    calipers.chosen = { caliper: target.caliper, foot: target.foot };
    viewer.marking = null;
    return footDrag(viewer, target.strip, event);
  }
  if (target?.type === "mark" && viewer.state.tool !== "caliper") return markDrag(viewer, target, event);
  const strip = viewer.state.tool === "caliper" && stripAt(stage.sheet, place.x, place.y);
  if (strip) {
    measuring.begin(viewer, strip, measuring.footAt(viewer, strip, place, event.altKey));
    measuring.changed(viewer);
    return { ...footDrag(viewer, strip, event), opens: true };
  }
  return paperDrag(viewer, place, event);
}

function footDrag(viewer, strip, start) {
  return {
    start,
    move(event) {
      viewer.calipers.moveFoot(measuring.footAt(viewer, strip, viewer.stage.placeOf(event), event.altKey));
      measuring.changed(viewer);
    },
  };
}

function markDrag(viewer, { mark, strip, beat }, start) {
  viewer.calipers.begin();
  [viewer.marking, viewer.calipers.chosen] = [mark, null];
  measuring.changed(viewer);
  return {
    start,
    move: (event) => measuring.moveMark(viewer, mark, timeAt(strip, viewer.stage.placeOf(event).x) - beat),
  };
}

function paperDrag(viewer, place, start) {
  return {
    start,
    move(event) {
      const { px, py } = viewer.stage.placeOf(event);
      viewer.stage.bring(place, px, py);
      viewer.draw();
    },
  };
}

function pinch(viewer, [one, other]) {
  const between = ([first, second]) => ({
    apart: Math.max(20, Math.hypot(first.clientX - second.clientX, first.clientY - second.clientY)),
    clientX: (first.clientX + second.clientX) / 2,
    clientY: (first.clientY + second.clientY) / 2,
  });
  const begun = between([one, other]);
  const place = viewer.stage.placeOf(begun);
  const { zoom } = viewer.state;
  return {
    start: one,
    move(event, pointers) {
      if (pointers.length < 2) return;
      const now = between(pointers);
      const { px, py } = viewer.stage.placeOf(now);
      viewer.zoomTo((zoom * now.apart) / begun.apart, [px, py]);
      viewer.stage.bring(place, px, py);
      viewer.draw();
    },
  };
}

function hover(viewer, place) {
  const { overlay, view } = viewer.stage;
  const target = targetAt(viewer.targets, place, view);
  overlay.title = target?.type === "finding" ? target.findings.map((finding) => finding.message).join("\n") : "";
  overlay.style.cursor = target && target.type !== "finding" ? "ew-resize" : viewer.state.tool === "caliper" ? "crosshair" : "grab";
}
