// Who is at the screen, and what they may do. Tokens are not here: they stay in api/client.
import { defineStore } from 'pinia';
import { computed, ref } from 'vue';
import { api, ApiError, holdFor, holdLogin, refreshLogin, whenSessionEnds } from '@/api';
import type { Login, Permission, Site, User } from '@/api/types';

type Status = 'unknown' | 'signed-out' | 'signed-in';

export const useSession = defineStore('session', () => {
  const status = ref<Status>('unknown');
  const user = ref<User | null>(null);
  const site = ref<Site | null>(null);
  const siteName = ref<string | null>(null);
  const version = ref<string | null>(null);
  /** Set when a session ended without being asked to, so that the login page can say so. */
  const expired = ref(false);
  let needsSetup: boolean | null = null;

  const signedIn = computed(() => status.value === 'signed-in');
  const may = (permission: Permission) => user.value?.permissions.includes(permission) ?? false;

  async function enter(login: Login): Promise<void> {
    holdLogin(login);
    user.value = login.user;
    expired.value = false;
    await loadSite();
    status.value = 'signed-in';
  }

  async function loadSite(): Promise<void> {
    const { items } = await api.sites();
    site.value = items.find((item) => item.key === user.value?.site) ?? items[0] ?? null;
    siteName.value = site.value?.name ?? siteName.value;
  }

  function leave(): void {
    holdLogin(null);
    user.value = null;
    site.value = null;
    status.value = 'signed-out';
  }

  /** Brings the session back after a reload; throws when the appliance does not answer, or cannot. */
  async function restore(): Promise<void> {
    try {
      await enter(await refreshLogin());
    } catch (error) {
      if (!(error instanceof ApiError) || ![401, 403].includes(error.status)) throw error;
      leave();
    }
  }

  /** A screen on a wall that was let in: it stays in by its own cookie. */
  async function enterAsKiosk(login: Login): Promise<void> {
    holdFor('kiosk');
    await enter(login);
  }

  /** Signs in; where a second factor is in use, the name of the step that waits for its code. */
  async function login(email: string, password: string, remember: boolean): Promise<string | null> {
    const answer = await api.login({ email, password, remember_me: remember, cookie: true });
    if ('challenge' in answer) return answer.challenge;
    await enter(answer);
    return null;
  }

  async function secondStep(challenge: string, code: string): Promise<void> {
    await enter(await api.secondStep({ challenge, code, cookie: true }));
  }

  async function logout(): Promise<void> {
    // The server forgets the session first; if it cannot be reached, the cookie would survive.
    await api.logout().catch((error: unknown) => {
      if (!(error instanceof ApiError) || error.status !== 401) throw error;
    });
    leave();
  }

  /** After a change of one's own account. */
  async function reloadUser(): Promise<void> {
    user.value = await api.me();
  }

  async function setupRequired(): Promise<boolean> {
    if (needsSetup !== false) {
      const state = await api.setupState();
      needsSetup = state.required;
      siteName.value = state.site_name;
      version.value = state.version;
    }
    return needsSetup;
  }

  function setUp(): void {
    needsSetup = false;
  }

  whenSessionEnds(() => {
    if (status.value !== 'signed-in') return;
    expired.value = true;
    leave();
  });

  return {
    status,
    signedIn,
    user,
    site,
    siteName,
    version,
    expired,
    may,
    restore,
    enterAsKiosk,
    login,
    secondStep,
    logout,
    reloadUser,
    loadSite,
    setupRequired,
    setUp,
  };
});
