-- Delegations of an employer are found by the employer, and end at the counter with who ended them and why in the audit
-- trail. One standing for an employer, a party and a purpose.
CREATE INDEX delegation_employer ON delegation (employer_no) WHERE employer_no IS NOT NULL;
