-- The request of the counter that used a check up: the same form sent twice is answered like the first time (R13).
ALTER TABLE face_check ADD COLUMN used_by_request text;
