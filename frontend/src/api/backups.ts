// The calls about backups and what is done with them, one line each.
import { client, data } from './client';
import { at } from './pages';
import type { BackupChange, Beginning, LetIn } from './types';

export const backupCalls = {
  backups: () => data(client.GET('/backups')),
  makeBackup: () => data(client.POST('/backups')),
  changeBackupSettings: (body: BackupChange) => data(client.PUT('/backups/settings', { body })),
  verifyBackup: (id: string) => data(client.POST('/backups/{id}/verify', { ...at(id), body: {} })),
  restoreBackup: (id: string, passphrase: string | undefined, let_in: LetIn) => {
    const body = { confirm: id, passphrase, let_in };
    return data(client.POST('/backups/{id}/restore', { ...at(id), body }));
  },
  /** Before the set-up, with its token. */
  findBackups: (body: { token: string; folder: string }) =>
    data(client.POST('/setup/backups', { body })),
  beginWithBackup: (body: Beginning) => data(client.POST('/setup/restore', { body })),
  job: (id: string) => data(client.GET('/jobs/{id}', at(id))),
  cancelJob: (id: string) => data(client.POST('/jobs/{id}/cancel', at(id))),
};
