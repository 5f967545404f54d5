-- What third parties are given is asked for and decided like everything else that needs two persons: in `approval`.

-- A request without an end waits until somebody decides; a request key makes asking again the same request.
ALTER TABLE approval
    ALTER COLUMN expires_at DROP NOT NULL,
    ADD COLUMN request_key text,
    ADD CONSTRAINT approval_request_key UNIQUE (requested_by, request_key);

-- Of several that wait about one subject the newest goes on waiting.
INSERT INTO approval (approval_id, kind, subject, payload, summary, reason, state, requested_by, requested_at, expires_at,
    decided_by, decided_at, note, request_key)
SELECT c.change_id, c.kind, c.subject, c.payload,
    CASE c.kind
        WHEN 'service.register' THEN '登记服务' || coalesce(c.payload->>'name', '')
        WHEN 'party.register' THEN '登记第三方' || coalesce(c.payload->>'name', '')
        WHEN 'key.add' THEN '为第三方' || coalesce(c.payload->>'party', '') || '登记公钥'
        WHEN 'grant.give' THEN '向第三方' || coalesce(c.payload->>'party', '') || '授权：'
            || coalesce(c.payload->>'purpose_text', '')
        WHEN 'grant.resume' THEN '恢复授权'
        ELSE '恢复第三方'
    END,
    c.reason,
    CASE
        WHEN c.state = 'approved' THEN 'agreed'
        WHEN c.state = 'declined' THEN 'declined'
        WHEN c.newest THEN 'waiting'
        ELSE 'withdrawn'
    END,
    substr(c.proposed_by, 7)::bigint, c.proposed_at, NULL,
    CASE WHEN c.state <> 'proposed' THEN substr(c.decided_by, 7)::bigint END,
    CASE WHEN c.state = 'proposed' AND NOT c.newest THEN c.proposed_at ELSE c.decided_at END,
    coalesce(c.note, ''), c.request_key
FROM (
    SELECT g.*, row_number() OVER (PARTITION BY kind, subject, state ORDER BY proposed_at DESC, change_id DESC) = 1 AS newest
    FROM grant_change g
) c;

DROP TABLE grant_change;

CREATE INDEX approval_subject ON approval (subject);
