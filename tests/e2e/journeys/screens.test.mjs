// The screens of the first run in every look: a picture for the eye, and no serious finding of
// axe-core. All others: every-screen.test.mjs.
import { PHONE, WALL } from '../support/browser.mjs';
import { journey } from '../support/journey.mjs';
import { examine, Faults } from '../support/looks.mjs';

const LOOKS = [
  { look: 'light', viewport: WALL, locale: 'en-GB', colorScheme: 'light' },
  { look: 'dark', viewport: WALL, locale: 'en-GB', colorScheme: 'dark' },
  { look: 'phone', viewport: PHONE, locale: 'fr-FR', colorScheme: 'light' },
  { look: 'arabic', viewport: WALL, locale: 'ar-TN', colorScheme: 'light' },
  { look: 'arabic-phone', viewport: PHONE, locale: 'ar-TN', colorScheme: 'dark' },
];

journey('screens of the first run, in every look', async (stage) => {
  const appliance = await stage.appliance();
  const faults = new Faults();
  for (const { look, ...options } of LOOKS) {
    const page = await stage.browser.open(appliance, options);
    await page.goto('/');
    await page.locator('input[name="token"]').waitFor();
    const touch = { touch: options.viewport === PHONE };
    await examine(stage, page, `setup-${look}`, faults, touch);
    // Sent empty, each field says what it lacks; that must be readable too.
    await page.locator('button[type="submit"]').click();
    await page.getByRole('alert').first().waitFor();
    await examine(stage, page, `setup-refused-${look}`, faults, touch);
    await page.locator('input[name="token"]').fill('AAAA-AAAA-AAAA-AAAA');
    await page.locator('input[name="site-name"]').fill('Sfax works');
    await page.locator('button[type="submit"]').click();
    await page.locator('input[name="new-password"]').fill('Night-shift');
    await examine(stage, page, `setup-person-${look}`, faults, touch);
    await page.context().close();
  }
  faults.mustBeNone();
});
