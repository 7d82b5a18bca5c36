-- A record as schema 0002 wrote it; sqlite3 .dump, by hand never changed.
BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0002');
CREATE TABLE audit (
	id TEXT NOT NULL, 
	at_ms INTEGER NOT NULL, 
	who TEXT NOT NULL, 
	action TEXT NOT NULL, 
	subject TEXT NOT NULL, 
	"before" TEXT NOT NULL, 
	"after" TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	CONSTRAINT pk_audit PRIMARY KEY (id), 
	CONSTRAINT ck_audit_id CHECK (length(id) BETWEEN 36 AND 36), 
	CONSTRAINT ck_audit_reason CHECK (length(reason) BETWEEN 0 AND 400)
)
 STRICT

;
INSERT INTO "audit" VALUES('019f34f6-9c88-71b3-a3ef-fd166489805d',1783000000000,'Olga','account added','staff Olga','','owner','');
INSERT INTO "audit" VALUES('019f34f6-9c88-71b4-9e08-061c80a956a5',1783000000000,'Olga','cap set','cap member 019f2314-e600-73da-8e28-82ab548cee1a','none','1.50 km/h (0.9 mph)','');
CREATE TABLE black_box (
	event_id TEXT NOT NULL, 
	at_ms INTEGER NOT NULL, 
	format TEXT NOT NULL, 
	content BLOB NOT NULL, 
	CONSTRAINT pk_black_box PRIMARY KEY (event_id), 
	CONSTRAINT fk_black_box_event_id FOREIGN KEY(event_id) REFERENCES event (id) ON DELETE CASCADE
)
 STRICT

;
INSERT INTO "black_box" VALUES('019f34f6-9c88-71b1-9f4b-52f49d4e90c8',1783300005000,'none',X'00FF');
CREATE TABLE cap (
	scope TEXT NOT NULL, 
	"key" TEXT NOT NULL, 
	member_id TEXT, 
	speed_ckmh INTEGER, 
	incline_dpct INTEGER, 
	set_ms INTEGER NOT NULL, 
	set_by TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	CONSTRAINT pk_cap PRIMARY KEY (scope, "key"), 
	CONSTRAINT ck_cap_member CHECK ((scope = 'member') = (member_id IS NOT NULL)), 
	CONSTRAINT ck_cap_scope CHECK (scope IN ('gym', 'treadmill', 'program', 'visits', 'age', 'guest', 'member', 'incline')), 
	CONSTRAINT ck_cap_incline_dpct CHECK (incline_dpct BETWEEN 0 AND 50), 
	CONSTRAINT ck_cap_member_key CHECK (member_id = key), 
	CONSTRAINT ck_cap_speed_ckmh CHECK (speed_ckmh BETWEEN 50 AND 563), 
	CONSTRAINT ck_cap_something CHECK (speed_ckmh IS NOT NULL OR incline_dpct IS NOT NULL), 
	CONSTRAINT fk_cap_member_id FOREIGN KEY(member_id) REFERENCES member (id) ON DELETE CASCADE
)
 WITHOUT ROWID,
 STRICT

;
INSERT INTO "cap" VALUES('member','019f2314-e600-73da-8e28-82ab548cee1a','019f2314-e600-73da-8e28-82ab548cee1a',150,NULL,1783000000000,'Olga','');
CREATE TABLE consent (
	member_id TEXT NOT NULL, 
	given_ms INTEGER NOT NULL, 
	withdrawn_ms INTEGER, 
	CONSTRAINT pk_consent PRIMARY KEY (member_id, given_ms), 
	CONSTRAINT ck_consent_order CHECK (withdrawn_ms >= given_ms), 
	CONSTRAINT fk_consent_member_id FOREIGN KEY(member_id) REFERENCES member (id) ON DELETE CASCADE
)
 WITHOUT ROWID,
 STRICT

;
INSERT INTO "consent" VALUES('019f2314-e600-73da-8e28-82ab548cee1a',1783000000000,NULL);
CREATE TABLE erased (
	member_id TEXT NOT NULL, 
	at_ms INTEGER NOT NULL, 
	CONSTRAINT pk_erased PRIMARY KEY (member_id), 
	CONSTRAINT ck_erased_member_id CHECK (length(member_id) BETWEEN 36 AND 36)
)
 WITHOUT ROWID,
 STRICT

;
INSERT INTO "erased" VALUES('019f2314-e600-722e-a2df-bfb7ba1e7cf5',1783000000000);
CREATE TABLE event (
	id TEXT NOT NULL, 
	session_id TEXT, 
	at_ms INTEGER NOT NULL, 
	kind TEXT NOT NULL, 
	severity TEXT NOT NULL, 
	cause TEXT NOT NULL, 
	state TEXT NOT NULL, 
	speed_ckmh INTEGER, 
	detail TEXT NOT NULL, 
	CONSTRAINT pk_event PRIMARY KEY (id), 
	CONSTRAINT ck_event_severity CHECK (severity IN ('info', 'notice', 'stop', 'fault')), 
	CONSTRAINT ck_event_detail CHECK (length(detail) BETWEEN 0 AND 400), 
	CONSTRAINT ck_event_id CHECK (length(id) BETWEEN 36 AND 36), 
	CONSTRAINT ck_event_kind CHECK (length(kind) BETWEEN 1 AND 40), 
	CONSTRAINT ck_event_speed_ckmh CHECK (speed_ckmh BETWEEN 0 AND 65535), 
	CONSTRAINT fk_event_session_id FOREIGN KEY(session_id) REFERENCES session (id) ON DELETE SET NULL
)
 STRICT

;
INSERT INTO "event" VALUES('019f34f6-9c88-71b1-9f4b-52f49d4e90c8','019f34f6-8900-74be-bf57-f9aea10e107a',1783300005000,'trip','stop','clip','',80,'');
CREATE TABLE member (
	id TEXT NOT NULL, 
	code TEXT NOT NULL, 
	name TEXT, 
	language TEXT, 
	age_band TEXT, 
	first_seen_ms INTEGER NOT NULL, 
	CONSTRAINT pk_member PRIMARY KEY (id), 
	CONSTRAINT ck_member_age_band CHECK (age_band IN ('16-17', '18-64', '65+')), 
	CONSTRAINT ck_member_language CHECK (language IN ('en', 'es', 'de')), 
	CONSTRAINT ck_member_code CHECK (length(code) = 6 AND code NOT GLOB '*[^0-9]*'), 
	CONSTRAINT ck_member_id CHECK (length(id) BETWEEN 36 AND 36), 
	CONSTRAINT ck_member_name CHECK (length(name) BETWEEN 1 AND 60), 
	CONSTRAINT uq_member_code UNIQUE (code)
)
 STRICT

;
INSERT INTO "member" VALUES('019f2314-e600-73da-8e28-82ab548cee1a','482913','Ann',NULL,NULL,1783000000000);
CREATE TABLE meta (
	"key" TEXT NOT NULL, 
	value TEXT NOT NULL, 
	CONSTRAINT pk_meta PRIMARY KEY ("key")
)
 WITHOUT ROWID,
 STRICT

;
INSERT INTO "meta" VALUES('kiosk','019f2314-e600-731f-905c-0074cf672142');
CREATE TABLE pin_lock (
	id INTEGER NOT NULL, 
	wrong INTEGER NOT NULL, 
	last_wrong_ms INTEGER NOT NULL, 
	CONSTRAINT pk_pin_lock PRIMARY KEY (id), 
	CONSTRAINT ck_pin_lock_one CHECK (id = 1), 
	CONSTRAINT ck_pin_lock_wrong CHECK (wrong >= 0)
)
 STRICT

;
INSERT INTO "pin_lock" VALUES(1,0,0);
CREATE TABLE progress (
	member_id TEXT NOT NULL, 
	comfort_ckmh INTEGER NOT NULL, 
	main_s INTEGER NOT NULL, 
	hill_dpct INTEGER NOT NULL, 
	locked_until_ms INTEGER, 
	updated_ms INTEGER NOT NULL, 
	CONSTRAINT pk_progress PRIMARY KEY (member_id), 
	CONSTRAINT ck_progress_comfort_ckmh CHECK (comfort_ckmh BETWEEN 0 AND 563), 
	CONSTRAINT ck_progress_hill_dpct CHECK (hill_dpct BETWEEN 0 AND 50), 
	CONSTRAINT ck_progress_main_s CHECK (main_s >= 0), 
	CONSTRAINT fk_progress_member_id FOREIGN KEY(member_id) REFERENCES member (id) ON DELETE CASCADE
)
 WITHOUT ROWID,
 STRICT

;
CREATE TABLE sample (
	session_id TEXT NOT NULL, 
	t_ms INTEGER NOT NULL, 
	measured_ckmh INTEGER, 
	commanded_ckmh INTEGER NOT NULL, 
	incline_dpct INTEGER, 
	CONSTRAINT pk_sample PRIMARY KEY (session_id, t_ms), 
	CONSTRAINT ck_sample_commanded_ckmh CHECK (commanded_ckmh BETWEEN 0 AND 65535), 
	CONSTRAINT ck_sample_measured_ckmh CHECK (measured_ckmh BETWEEN 0 AND 65535), 
	CONSTRAINT ck_sample_t_ms CHECK (t_ms >= 0), 
	CONSTRAINT fk_sample_session_id FOREIGN KEY(session_id) REFERENCES session (id) ON DELETE CASCADE
)
 WITHOUT ROWID,
 STRICT

;
INSERT INTO "sample" VALUES('019f290a-c700-7421-88dd-c66dea3f2765',1000,80,80,0);
INSERT INTO "sample" VALUES('019f290a-c700-7421-88dd-c66dea3f2765',2000,80,80,0);
INSERT INTO "sample" VALUES('019f290a-c700-7421-88dd-c66dea3f2765',3000,80,80,0);
INSERT INTO "sample" VALUES('019f290a-c700-7421-88dd-c66dea3f2765',4000,80,80,0);
INSERT INTO "sample" VALUES('019f290a-c700-7421-88dd-c66dea3f2765',5000,80,80,0);
INSERT INTO "sample" VALUES('019f34f6-8900-74be-bf57-f9aea10e107a',1000,80,80,0);
INSERT INTO "sample" VALUES('019f34f6-8900-74be-bf57-f9aea10e107a',2000,80,80,0);
INSERT INTO "sample" VALUES('019f34f6-8900-74be-bf57-f9aea10e107a',3000,80,80,0);
INSERT INTO "sample" VALUES('019f34f6-8900-74be-bf57-f9aea10e107a',4000,80,80,0);
INSERT INTO "sample" VALUES('019f34f6-8900-74be-bf57-f9aea10e107a',5000,80,80,0);
CREATE TABLE screening (
	id TEXT NOT NULL, 
	member_id TEXT NOT NULL, 
	at_ms INTEGER NOT NULL, 
	outcome TEXT NOT NULL, 
	limit_ckmh INTEGER, 
	signer TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	expires_ms INTEGER NOT NULL, 
	CONSTRAINT pk_screening PRIMARY KEY (id), 
	CONSTRAINT ck_screening_outcome CHECK (outcome IN ('clear', 'limit', 'gate', 'forbid')), 
	CONSTRAINT ck_screening_expiry CHECK (expires_ms > at_ms), 
	CONSTRAINT ck_screening_id CHECK (length(id) BETWEEN 36 AND 36), 
	CONSTRAINT ck_screening_reason CHECK (length(reason) BETWEEN 0 AND 400), 
	CONSTRAINT ck_screening_limit_ckmh CHECK (limit_ckmh BETWEEN 50 AND 563), 
	CONSTRAINT fk_screening_member_id FOREIGN KEY(member_id) REFERENCES member (id) ON DELETE CASCADE
)
 STRICT

;
CREATE TABLE session (
	id TEXT NOT NULL, 
	member_id TEXT, 
	kiosk TEXT NOT NULL, 
	program_id TEXT NOT NULL, 
	variant TEXT NOT NULL, 
	treadmill TEXT NOT NULL, 
	language TEXT NOT NULL, 
	started_ms INTEGER NOT NULL, 
	ended_ms INTEGER, 
	clock_trusted INTEGER NOT NULL, 
	state TEXT NOT NULL, 
	cause TEXT NOT NULL, 
	why TEXT, 
	plan_s REAL NOT NULL, 
	walk_s REAL NOT NULL, 
	distance_m REAL NOT NULL, 
	top_ckmh INTEGER NOT NULL, 
	average_ckmh INTEGER NOT NULL, 
	cap_ckmh INTEGER NOT NULL, 
	cap_source TEXT NOT NULL, 
	samples INTEGER NOT NULL, 
	CONSTRAINT pk_session PRIMARY KEY (id), 
	CONSTRAINT ck_session_ended CHECK ((state = 'open') = (ended_ms IS NULL)), 
	CONSTRAINT ck_session_state CHECK (state IN ('open', 'completed', 'stopped', 'interrupted')), 
	CONSTRAINT ck_session_average_ckmh CHECK (average_ckmh BETWEEN 0 AND 65535), 
	CONSTRAINT ck_session_cap_ckmh CHECK (cap_ckmh BETWEEN 0 AND 65535), 
	CONSTRAINT ck_session_clock_trusted CHECK (clock_trusted IN (0, 1)), 
	CONSTRAINT ck_session_distance_m CHECK (distance_m >= 0), 
	CONSTRAINT ck_session_order CHECK (ended_ms >= started_ms), 
	CONSTRAINT ck_session_cause CHECK (length(cause) BETWEEN 0 AND 40), 
	CONSTRAINT ck_session_id CHECK (length(id) BETWEEN 36 AND 36), 
	CONSTRAINT ck_session_why CHECK (length(why) BETWEEN 1 AND 40), 
	CONSTRAINT ck_session_plan_s CHECK (plan_s >= 0), 
	CONSTRAINT ck_session_samples CHECK (samples >= 0), 
	CONSTRAINT ck_session_top_ckmh CHECK (top_ckmh BETWEEN 0 AND 65535), 
	CONSTRAINT ck_session_walk_s CHECK (walk_s >= 0), 
	CONSTRAINT fk_session_member_id FOREIGN KEY(member_id) REFERENCES member (id) ON DELETE SET NULL
)
 STRICT

;
INSERT INTO "session" VALUES('019f2314-e600-73db-b852-f4cce9f01429','019f2314-e600-73da-8e28-82ab548cee1a','019f2314-e600-731f-905c-0074cf672142','P1','1','C0:FF:EE:00:00:42','en',1783000000000,1783000005000,1,'completed','plan_done',NULL,280.0,5.0,1.111,80,80,161,'program',5);
INSERT INTO "session" VALUES('019f290a-c700-7421-88dd-c66dea3f2765','019f2314-e600-73da-8e28-82ab548cee1a','019f2314-e600-731f-905c-0074cf672142','P1','1','C0:FF:EE:00:00:42','en',1783100000000,1783100005000,1,'completed','plan_done',NULL,280.0,5.0,1.111,80,80,161,'program',5);
INSERT INTO "session" VALUES('019f34f6-8900-74be-bf57-f9aea10e107a',NULL,'019f2314-e600-731f-905c-0074cf672142','P1','1','C0:FF:EE:00:00:42','en',1783300000000,1783300005000,1,'completed','plan_done',NULL,280.0,5.0,1.111,80,80,161,'program',5);
CREATE TABLE session_health (
	session_id TEXT NOT NULL, 
	effort INTEGER, 
	pain_before INTEGER, 
	pain_peak INTEGER, 
	pain_after INTEGER, 
	worse_next_morning INTEGER, 
	dizzy INTEGER, 
	stumble INTEGER, 
	verdict TEXT, 
	CONSTRAINT pk_session_health PRIMARY KEY (session_id), 
	CONSTRAINT ck_session_health_verdict CHECK (verdict IN ('clean', 'hold', 'amber', 'red')), 
	CONSTRAINT ck_session_health_dizzy CHECK (dizzy IN (0, 1)), 
	CONSTRAINT ck_session_health_effort CHECK (effort BETWEEN 0 AND 10), 
	CONSTRAINT ck_session_health_pain_after CHECK (pain_after BETWEEN 0 AND 10), 
	CONSTRAINT ck_session_health_pain_before CHECK (pain_before BETWEEN 0 AND 10), 
	CONSTRAINT ck_session_health_pain_peak CHECK (pain_peak BETWEEN 0 AND 10), 
	CONSTRAINT ck_session_health_stumble CHECK (stumble IN (0, 1)), 
	CONSTRAINT ck_session_health_worse_next_morning CHECK (worse_next_morning IN (0, 1)), 
	CONSTRAINT fk_session_health_session_id FOREIGN KEY(session_id) REFERENCES session (id) ON DELETE CASCADE
)
 WITHOUT ROWID,
 STRICT

;
INSERT INTO "session_health" VALUES('019f2314-e600-73db-b852-f4cce9f01429',3,NULL,NULL,1,NULL,NULL,NULL,'clean');
INSERT INTO "session_health" VALUES('019f290a-c700-7421-88dd-c66dea3f2765',3,NULL,NULL,1,NULL,NULL,NULL,'clean');
CREATE TABLE staff (
	id TEXT NOT NULL, 
	name TEXT NOT NULL, 
	role TEXT NOT NULL, 
	pin_hash TEXT NOT NULL, 
	active INTEGER NOT NULL, 
	created_ms INTEGER NOT NULL, 
	CONSTRAINT pk_staff PRIMARY KEY (id), 
	CONSTRAINT ck_staff_pin_hash CHECK (pin_hash LIKE '$argon2id$%'), 
	CONSTRAINT ck_staff_role CHECK (role IN ('staff', 'owner', 'physio')), 
	CONSTRAINT ck_staff_active CHECK (active IN (0, 1)), 
	CONSTRAINT ck_staff_id CHECK (length(id) BETWEEN 36 AND 36), 
	CONSTRAINT ck_staff_name CHECK (length(name) BETWEEN 1 AND 60)
)
 STRICT

;
INSERT INTO "staff" VALUES('019f34f6-9c88-71b2-9702-c0faa9b9ab2a','Olga','owner','$argon2id$v=19$m=19456,t=2,p=1$JXXXjYGp9cwUMpgigYagPw$wJ+M8205BnNjFte6s2tP4FvWxdfn3qIacj6BBTA+ORg',1,1783000000000);
CREATE TABLE trace (
	session_id TEXT NOT NULL, 
	step_s INTEGER NOT NULL, 
	packed BLOB NOT NULL, 
	CONSTRAINT pk_trace PRIMARY KEY (session_id), 
	CONSTRAINT ck_trace_step_s CHECK (step_s > 0), 
	CONSTRAINT fk_trace_session_id FOREIGN KEY(session_id) REFERENCES session (id) ON DELETE CASCADE
)
 STRICT

;
INSERT INTO "trace" VALUES('019f2314-e600-73db-b852-f4cce9f01429',1,X'78DA6364650081858C200021C1000012BC0158');
CREATE INDEX ix_audit_at_ms ON audit (at_ms);
CREATE INDEX ix_screening_member_id_at_ms ON screening (member_id, at_ms);
CREATE INDEX ix_session_member_id_started_ms ON session (member_id, started_ms);
CREATE INDEX ix_session_open ON session (id) WHERE state = 'open';
CREATE INDEX ix_session_started_ms ON session (started_ms);
CREATE INDEX ix_event_at_ms ON event (at_ms);
CREATE INDEX ix_event_cause_at_ms ON event (cause, at_ms);
CREATE INDEX ix_event_session_id ON event (session_id);
CREATE UNIQUE INDEX uq_staff_name ON staff (lower(name));
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
CREATE INDEX ix_black_box_at_ms ON black_box (at_ms);
COMMIT;
