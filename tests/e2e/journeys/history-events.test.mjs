// What was done to a counter stands in its history; and two fingers look closer.
import assert from 'node:assert/strict';
import { PHONE } from '../support/browser.mjs';
import { journey } from '../support/journey.mjs';
import { arrive, demoLogin, signInByScript } from '../support/person.mjs';
import { until } from '../support/until.mjs';

/** Two fingers on these places of the page, px from the left. */
const fingers = (y, ...places) => places.map((x, id) => ({ x, y, id }));

async function touch(session, type, touchPoints) {
  await session.send('Input.dispatchTouchEvent', { type, touchPoints });
}

journey('history: an exchanged meter, and two fingers on a telephone', async (stage) => {
  const appliance = await stage.appliance('demo');
  const login = await demoLogin(appliance);
  const token = await signInByScript(appliance, login);
  const { items } = await appliance.ask('GET', '/equipment?page_size=100', { token });
  const { id } = items.find(({ name }) => name === 'Oven line A');
  const live = await until('its counter was read', async () => {
    const { values } = await appliance.ask('GET', `/equipment/${id}/live`, { token });
    return values.find(
      ({ metric, phase, value }) => metric === 'consumption' && !phase && value > 0,
    );
  });
  await appliance.ask('POST', `/equipment/${id}/meter-exchange`, {
    token,
    body: {
      metric: 'consumption',
      at: new Date(Date.now() - 60_000).toISOString(),
      end_reading: live.value,
      start_reading: live.value,
      reason: 'The display was dark.',
    },
  });

  const page = await stage.browser.open(appliance, { viewport: PHONE });
  await arrive(page, login);
  await page.goto(`/history?range=24h&view=columns&s=${id}:consumption`);
  await page.locator('.trend__main[aria-busy="false"] canvas').waitFor();
  await page.getByText('Done to the counters').waitFor();
  await page.getByText(/another meter since .*The display was dark/).waitFor();
  await stage.browser.picture(page, 'history-events');

  await page.goto(`/history?range=24h&view=curve&s=${id}:power`);
  await page.locator('.trend__main[aria-busy="false"] canvas').waitFor();
  const plot = page.locator('.u-over');
  await plot.scrollIntoViewIfNeeded();
  const box = await plot.boundingBox();
  const y = box.y + box.height / 2;
  const at = (share) => box.x + box.width * share;
  const session = await page.context().newCDPSession(page);
  await touch(session, 'touchStart', fingers(y, at(0.45), at(0.55)));
  for (const apart of [0.1, 0.15, 0.2, 0.25])
    await touch(session, 'touchMove', fingers(y, at(0.5 - apart), at(0.5 + apart)));
  await touch(session, 'touchEnd', []);
  const [from, to] = await until('two fingers look closer', () =>
    new URL(page.url()).searchParams.get('zoom')?.split('-').map(Number),
  );
  const share = (to - from) / 86_400_000;
  assert.ok(Math.abs(share - 0.2) < 0.06, `a tenth drawn to a half shows a fifth: ${share}`);
});
