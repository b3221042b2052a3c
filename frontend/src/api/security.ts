// What the appliance knows of its own safety.
import { client, data } from './client';
import type { SecurityEventQuery } from './types';

export const securityCalls = {
  securityDashboard: () => data(client.GET('/security/dashboard')),
  securityThreats: () => data(client.GET('/security/threats')),
  securityCompliance: () => data(client.GET('/security/compliance')),
  securityEvents: (query: SecurityEventQuery) =>
    data(client.GET('/security/events', { params: { query } })),
};
