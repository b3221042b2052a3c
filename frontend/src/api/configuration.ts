// The calls about what people set up, as one file.
import { client, data, file } from './client';

export const configuration = {
  downloadConfiguration: () => file(client.GET('/system/configuration', { parseAs: 'blob' })),
  /** What the file would change; with `check` off it is changed. */
  takeConfiguration: (toml: string, check: boolean) =>
    data(client.POST('/system/configuration', { body: { toml, check } })),
};
