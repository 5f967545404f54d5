-- 市统一申办受理平台: employers' items become their own matters, and the result goes back with its sealed document.

ALTER TABLE city_application DROP CONSTRAINT city_application_matter_kind_check;
ALTER TABLE city_application ADD CONSTRAINT city_application_matter_kind_check
    CHECK (matter_kind IN ('', 'case', 'transfer', 'matter', 'employer', 'certificate'));

-- The document of the result: whose paper it is (an account or an employer by its number, 0 for neither) and its number.
ALTER TABLE city_application ADD COLUMN paper_account bigint;
ALTER TABLE city_application ADD COLUMN paper_no text;
ALTER TABLE city_application ADD CONSTRAINT city_application_paper
    CHECK ((paper_account IS NULL) = (paper_no IS NULL));
ALTER TABLE city_report ADD COLUMN paper_account bigint;
ALTER TABLE city_report ADD COLUMN paper_no text;
ALTER TABLE city_report ADD CONSTRAINT city_report_paper CHECK ((paper_account IS NULL) = (paper_no IS NULL));
