-- While a form of the counter is carried out, its check is no other form's (R13).
ALTER TABLE face_check ADD COLUMN held_by text, ADD COLUMN held_until timestamptz;
