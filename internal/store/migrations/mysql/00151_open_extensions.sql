CREATE INDEX crm_keeping_requests_state ON crm_keeping_requests (state, id);
