BEGIN TRANSACTION;
CREATE TABLE fingerprints (
            fingerprint TEXT NOT NULL,
            gate_run INTEGER NOT NULL REFERENCES gate_runs (id) ON DELETE CASCADE,
            PRIMARY KEY (fingerprint, gate_run)
        ) STRICT, WITHOUT ROWID
        ;
INSERT INTO "fingerprints" VALUES('f1',3);
CREATE TABLE gate_runs (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            run INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
            gate TEXT NOT NULL,
            tree TEXT NOT NULL,
            head TEXT,
            status TEXT NOT NULL,
            reason TEXT,
            exit_code INTEGER,
            started_at TEXT NOT NULL,
            duration_s REAL NOT NULL,
            cpu_s REAL NOT NULL,
            peak_rss_bytes INTEGER NOT NULL,
            tests_total INTEGER,
            tests_ran INTEGER,
            tests_failed INTEGER,
            findings INTEGER NOT NULL,
            action_key TEXT,
            reused INTEGER NOT NULL,
            load REAL NOT NULL,
            fingerprints TEXT NOT NULL,
            log BLOB,
            report_hash TEXT NOT NULL,
            report BLOB,
            seal TEXT NOT NULL
        ) STRICT
        ;
INSERT INTO "gate_runs" VALUES(1,1,'tests','1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f','3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c','passed',NULL,0,'2026-11-21T12:00:00+00:00',1.0,0.8,20000000,12,10,0,0,'k1',0,0.5,'[]',X'2F73746174652F72756E732F312F74657374732E6C6F67','3efe306f211527fb3aacdcca16e4bdad6434649da1f210e9ce6e67ce4ce9d829',X'789CAB56CA4BCC4D55B252502A492D2E2956AA050031FE05AF','f46754e781f7a44d8a1290c1e28e637b520877b1e2049b4fea868368c3cfeb05');
INSERT INTO "gate_runs" VALUES(2,2,'tests','bb','3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c','passed',NULL,0,'2026-11-21T12:00:00+00:00',1.0,0.8,20000000,12,10,0,0,'k2',0,0.5,'[]',X'2F73746174652F72756E732F312F74657374732E6C6F67','3efe306f211527fb3aacdcca16e4bdad6434649da1f210e9ce6e67ce4ce9d829',X'789CAB56CA4BCC4D55B252502A492D2E2956AA050031FE05AF','abe307d6672d04fae599a3174cfd7b431d8359bfc0c4f5e440f4c99c4238555a');
INSERT INTO "gate_runs" VALUES(3,2,'lint','bb','3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c','failed','tests_failed',1,'2026-11-21T12:00:00+00:00',1.0,0.8,20000000,12,10,1,0,'k3',0,0.5,'["f1"]',X'2F73746174652F72756E732F312F74657374732E6C6F67','3efe306f211527fb3aacdcca16e4bdad6434649da1f210e9ce6e67ce4ce9d829',X'789CAB56CA4BCC4D55B252502A492D2E2956AA050031FE05AF','69ad2cfbbebe2179407d037ccd3028fffa0cf77a9434e6d69319ab7ca968d5f5');
CREATE TABLE runs (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            tree TEXT NOT NULL,
            base TEXT,
            head TEXT,
            pipeline TEXT NOT NULL,
            door TEXT NOT NULL,
            readiness TEXT NOT NULL,
            reason TEXT,
            started_at TEXT NOT NULL,
            duration_s REAL NOT NULL,
            whole INTEGER NOT NULL,
            report_hash TEXT NOT NULL,
            report BLOB,
            seal TEXT NOT NULL
        ) STRICT
        ;
INSERT INTO "runs" VALUES(1,'1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f','2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b','3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c','abababababababababababababababababababababababababababababababab','run','ready',NULL,'2026-11-21T12:00:00+00:00',2.0,1,'3bafffb6354a92e45ff7814916f33201201eea02043f734ea6cecbccdff03b5e',X'789CAB562A4ECE48CD4D54B252502A4B2DCA4CAB4CD12B4A2DC82F2AD13754AA0500A1AC0A6F','e877ac9c472a66fd7914e230a3b1ed7e199fc5a9a3c46989e36b7bf7f390aa9c');
INSERT INTO "runs" VALUES(2,'bb','2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b','3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c','abababababababababababababababababababababababababababababababab','run','not_ready',NULL,'2026-11-21T12:00:00+00:00',2.0,1,'3bafffb6354a92e45ff7814916f33201201eea02043f734ea6cecbccdff03b5e',X'789CAB562A4ECE48CD4D54B252502A4B2DCA4CAB4CD12B4A2DC82F2AD13754AA0500A1AC0A6F','3eb56705462326f4c11081e73f568de96845103815c80ea1b2ddb691a9e28a56');
CREATE INDEX runs_of_tree ON runs (tree, pipeline, id);
CREATE INDEX runs_with_report ON runs (id) WHERE report IS NOT NULL;
CREATE INDEX ready_runs ON runs (id) WHERE whole AND readiness = 'ready';
CREATE INDEX gate_runs_of_gate ON gate_runs (gate, id);
CREATE INDEX gate_runs_of_run ON gate_runs (run);
CREATE INDEX gate_runs_of_key ON gate_runs (action_key, id) WHERE action_key IS NOT NULL;
CREATE INDEX gate_runs_with_report ON gate_runs (gate, id) WHERE report IS NOT NULL;
CREATE INDEX fingerprints_of_gate_run ON fingerprints (gate_run);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('runs',2);
INSERT INTO "sqlite_sequence" VALUES('gate_runs',3);
COMMIT;
