-- 财会〔2020〕7号 part 4 prints 备用金 in the balance sheet (会住维01表), so the chart has it.
INSERT INTO account_subject (account_set, code, name, normal_side, parent, postable, auxiliary_kind)
VALUES ('maintenance_fund', '1201', '备用金', 'D', NULL, true, '');
