import assert from 'node:assert/strict';
import { journey } from '../support/journey.mjs';
import {
  addMeter,
  arrive,
  banner,
  liveRow,
  readingIn,
  setUpByScript,
  shows,
  signInByScript,
} from '../support/person.mjs';
import { Retry, until } from '../support/until.mjs';

/** Every tick of power that the appliance has of this meter. */
async function history(appliance, token, id) {
  const from = new Date(Date.now() - 3_600_000).toISOString();
  const to = new Date(Date.now() + 60_000).toISOString();
  const query = new URLSearchParams({ from, to, resolution: 'raw', metric: 'power', meter_id: id });
  const { series } = await appliance.ask('GET', `/historical/consumption?${query}`, { token });
  return series.filter(({ value }) => value !== null);
}

/** The page itself notes when the banner comes; a reload would forget both marks. */
const watchForBanner = (page) =>
  page.evaluate(() => {
    window.sameDocument = true;
    new MutationObserver(() => {
      const found = document.querySelector('[data-test="connection-banner"]');
      if (found) window.bannerAt ??= Date.now();
    }).observe(document.body, { childList: true, subtree: true });
  });

/** Waits for the banner; tells how long after `since` the page drew it. */
async function bannerAfter(page, since) {
  await banner(page).waitFor();
  return (await page.evaluate(() => window.bannerAt)) - since;
}

/** While the connection is lost, no number is drawn without the dashes of an old one. */
function noValueIsCurrent(page) {
  const numbers = page.locator('.reading__value');
  return until('no value is drawn as a current one', async () => {
    const current = await numbers.evaluateAll((all) =>
      all
        .filter((value) => getComputedStyle(value).textDecorationStyle !== 'dashed')
        .map((value) => value.innerText)
        .filter((text) => text !== '–'),
    );
    if (current.length > 0) throw new Retry(`still current: ${current.join(', ')}`);
    return true;
  });
}

journey('the appliance is killed: the page says so, and recovers without a reload', async (stage, t) => {
  const meter = await stage.meter({ powerKw: 15.5 });
  const appliance = await stage.appliance();
  await setUpByScript(appliance);
  const page = await stage.browser.open(appliance);
  await arrive(page);
  await addMeter(page, { name: 'Kept', port: meter.port });
  const id = new URL(page.url()).pathname.split('/').at(-1);
  const token = await signInByScript(appliance);
  const power = liveRow(page, 'Power');
  await shows(power, 15.5);
  const before = await until('some ticks are stored', async () => {
    const ticks = await history(appliance, token, id);
    return ticks.length >= 3 && ticks;
  });

  await watchForBanner(page);
  const killedAt = Date.now();
  await appliance.kill();
  const tookMs = await bannerAfter(page, killedAt);
  t.diagnostic(`the banner came ${tookMs} ms after kill -9 (promised: 3000 ms)`);
  assert.match(await banner(page).innerText(), /No connection to the appliance since \d\d:\d\d:\d\d/);
  await noValueIsCurrent(page);
  assert.equal((await readingIn(power)).number, 15.5, 'the last value stays readable');
  await stage.browser.picture(page, 'killed-detail');

  await meter.set({ power_kw: 18.5 });
  await appliance.startAgain();
  await shows(power, 18.5);
  await banner(page).waitFor({ state: 'detached' });
  assert.equal(await page.evaluate(() => window.sameDocument), true, 'the page was not reloaded');
  await stage.browser.picture(page, 'recovered-detail');

  // The session of the script outlived the kill as well.
  const after = await history(appliance, token, id);
  for (const tick of before)
    assert.deepEqual(
      after.find(({ timestamp }) => timestamp === tick.timestamp),
      tick,
      'a tick that was shown is stored',
    );

  // The other screens work on in the same document.
  await page.getByRole('link', { name: 'Dashboard', exact: true }).click();
  await shows(page.getByRole('region', { name: 'Power now' }), 18.5);
  assert.equal(await page.evaluate(() => window.sameDocument), true);
});

journey('the cable is pulled: silence is noticed, and the same page goes on', async (stage, t) => {
  const meter = await stage.meter({ powerKw: 4.75 });
  const appliance = await stage.appliance();
  await setUpByScript(appliance);
  const page = await stage.browser.open(appliance);
  await arrive(page);
  await addMeter(page, { name: 'Behind the cable', port: meter.port });
  await page.getByRole('link', { name: 'Dashboard', exact: true }).click();
  const power = page.getByRole('region', { name: 'Power now' });
  await shows(power, 4.75);

  await watchForBanner(page);
  const pulledAt = Date.now();
  appliance.freeze();
  const tookMs = await bannerAfter(page, pulledAt);
  t.diagnostic(`the banner came ${tookMs} ms after the last frame could (promised: 3000 ms)`);
  await noValueIsCurrent(page);
  await stage.browser.picture(page, 'cable-pulled-dashboard');

  appliance.thaw();
  await meter.set({ power_kw: 5.75 });
  await shows(power, 5.75);
  await banner(page).waitFor({ state: 'detached' });
  assert.equal(await page.evaluate(() => window.sameDocument), true, 'the page was not reloaded');
});

journey('the cable is pulled: what acts is held, and nothing comes late', async (stage) => {
  const meter = await stage.meter();
  const appliance = await stage.appliance();
  await setUpByScript(appliance);
  const token = await signInByScript(appliance);
  const page = await stage.browser.open(appliance);
  await arrive(page);
  await addMeter(page, { name: 'Oven 1', port: meter.port });
  await page.getByRole('link', { name: 'Edit', exact: true }).click();
  const name = page.getByLabel('Name', { exact: true });
  await name.fill('Oven 2');
  const save = page.getByRole('button', { name: 'Save', exact: true });

  appliance.freeze();
  await banner(page).waitFor();
  assert.equal(await save.getAttribute('aria-disabled'), 'true');
  await save.click({ force: true });
  await name.press('Enter');
  await stage.browser.picture(page, 'cable-pulled-form');
  appliance.thaw();
  await banner(page).waitFor({ state: 'detached' });
  const names = async () =>
    (await appliance.ask('GET', '/equipment', { token })).items.map((item) => item.name);
  assert.deepEqual(await names(), ['Oven 1'], 'nothing was sent meanwhile');

  assert.notEqual(await save.getAttribute('aria-disabled'), 'true');
  await save.click();
  await page.getByRole('heading', { name: 'Oven 2', exact: true }).waitFor();
  assert.deepEqual(await names(), ['Oven 2']);
});

journey('the appliance is gone when the page is opened: it waits and goes on', async (stage) => {
  const appliance = await stage.appliance();
  await setUpByScript(appliance);
  const page = await stage.browser.open(appliance);
  await arrive(page);
  await appliance.kill();
  await banner(page).waitFor();
  await page.getByRole('button', { name: 'Try now' }).click();
  await banner(page).waitFor();
  await appliance.startAgain();
  await page.getByText('Live', { exact: true }).waitFor();
  await banner(page).waitFor({ state: 'detached' });
});
