CREATE INDEX turns_by_age ON turns (started) WHERE state <> 'running';
