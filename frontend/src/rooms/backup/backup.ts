// Pure: what the screen of backups says of what the appliance tells.
import type { BackupSettings, Backups } from '@/api/types';

/** How well the data are kept, worst first. */
export type Standing = 'off' | 'trouble' | 'never' | 'good';

export function standingOf({ settings, trouble, last_good }: Backups): Standing {
  if (!settings.folder) return 'off';
  if (trouble) return 'trouble';
  return last_good ? 'good' : 'never';
}

/** The form, whose fields are what a person types. */
export interface BackupForm {
  folder: string;
  nightly: boolean;
  at: string;
  days: number[];
  daily: string;
  weekly: string;
  monthly: string;
  encrypt: boolean;
  passphrase: string;
}

export function formOf(settings: BackupSettings): BackupForm {
  return {
    folder: settings.folder ?? '',
    nightly: settings.at !== null && settings.at !== undefined,
    at: settings.at ?? '02:30',
    days: [...settings.days],
    daily: String(settings.keep.daily),
    weekly: String(settings.keep.weekly),
    monthly: String(settings.keep.monthly),
    encrypt: settings.encrypt,
    passphrase: '',
  };
}

const count = (text: string) => (/^\d+$/.test(text.trim()) ? Number(text) : 9999);

export function settingsOf(form: BackupForm): BackupSettings {
  return {
    folder: form.folder.trim() || null,
    at: form.nightly ? form.at.trim() : null,
    days: [...form.days].sort((a, b) => a - b),
    keep: {
      daily: count(form.daily),
      weekly: count(form.weekly),
      monthly: count(form.monthly),
    },
    encrypt: form.encrypt,
  };
}

/** The field of the form that a path of the API means. */
export const fieldOf = (path: string) => path.replace(/^settings\.(keep\.)?/, '');
