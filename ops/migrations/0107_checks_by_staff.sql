-- A check that staff asked for by hand: about whom, and who asked. Empty for those asked with the application.
ALTER TABLE case_check ADD COLUMN about text CHECK (about IN ('applicant', 'spouse', 'deceased')),
    ADD COLUMN asked_by bigint;
