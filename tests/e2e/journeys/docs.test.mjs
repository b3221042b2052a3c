// The documentation of the API: found from the page, in its colours by day and by night, and back.
import assert from 'node:assert/strict';
import { accessibilityFaults, PHONE, WALL } from '../support/browser.mjs';
import { journey } from '../support/journey.mjs';
import { arrive, setUpByScript } from '../support/person.mjs';
import { until } from '../support/until.mjs';

const GREY = { light: 'rgb(239, 240, 242)', dark: 'rgb(18, 19, 21)' };
const background = (page) => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
const sideways = (page) =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
/** The rooms of the API, each shut. */
const rooms = (page) => page.locator('.opblock-tag');

journey('the documentation of the API looks like the page, and leads back', async (stage) => {
  const appliance = await stage.appliance();
  await setUpByScript(appliance);
  for (const [name, viewport, colorScheme] of [
    ['laptop', WALL, 'light'],
    ['phone', PHONE, 'dark'],
  ]) {
    const page = await stage.browser.open(appliance, { viewport, colorScheme });
    await arrive(page);
    await page.goto('/tokens');
    await page.getByRole('link', { name: 'API documentation' }).click();
    await rooms(page).nth(10).waitFor();
    assert.equal(await background(page), GREY[colorScheme]);
    assert.match(await page.evaluate(() => getComputedStyle(document.body).fontFamily), /^"?Inter/);
    assert.equal(await sideways(page), 0, 'nothing stands out at the side');
    assert.deepEqual(await accessibilityFaults(page), []);
    await stage.browser.picture(page, `docs-${name}`);

    // One question, opened: its answers are there. Its marks of code are the library's own, with
    // faults that axe-core names and a sheet of ours cannot mend.
    await rooms(page).first().click();
    await page.locator('.opblock-summary-control').first().click();
    await page.locator('.responses-table').first().waitFor();
    assert.equal(await sideways(page), 0);
    await stage.browser.picture(page, `docs-${name}-open`);

    // Who changes the light of the room changes it here, too.
    const other = colorScheme === 'dark' ? 'light' : 'dark';
    await page.emulateMedia({ colorScheme: other });
    await until('the other light', async () => (await background(page)) === GREY[other]);

    await page.getByRole('link', { name: 'Back to Indusmind' }).click();
    await page.getByRole('heading', { name: 'Dashboard', includeHidden: true }).waitFor();
    await page.context().close();
  }
});
