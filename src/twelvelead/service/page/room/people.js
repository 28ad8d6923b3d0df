/** Whose a recording is, as it is shown. */

import { t } from "../i18n.js";

/** A name as files have it, family^given^middle, or as it was written. */
export function nameIn(identity) {
  const [family, ...others] = (identity?.name ?? "").split("^").map((part) => part.trim());
  const given = others.slice(0, 2).filter(Boolean).join(" ");
  return [family, given].filter(Boolean).join(", ");
}

/** The patient's id, and who issued it: what was given by hand stands before what the file says; null for none. */
export function idOf({ patient, identity }) {
  if (patient) return { id: patient.patient_id, issuer: patient.issuer, by: patient.stated_by };
  return identity?.patient_id ? { id: identity.patient_id, issuer: identity.issuer, by: null } : null;
}

/** The same as words; "" for none. */
export function idText(recording) {
  const found = idOf(recording);
  if (found === null) return "";
  return found.by === null ? found.id : t("patient.by-hand", { id: found.id, name: found.by });
}
