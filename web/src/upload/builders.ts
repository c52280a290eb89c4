/** Values for tests. */
import type { FileHeader } from "./header";

export const aHeader = (part: Partial<FileHeader> = {}): FileHeader => ({
  patient_id: "P1",
  patient_name: "Zhang^San",
  study_instance_uid: "1.2.3",
  series_instance_uid: "1.2.3.4",
  sop_instance_uid: "1.2.3.4.5",
  sop_class_uid: "1.2.840.10008.5.1.4.1.1.2",
  study_description: "Chest",
  study_date: "20260101",
  series_description: "Lung",
  series_number: 1,
  modality: "CT",
  instance_number: 1,
  position_mm: 0,
  image_type: "ORIGINAL\\PRIMARY\\AXIAL",
  burned_in_annotation: null,
  compressed: false,
  ...part,
});
