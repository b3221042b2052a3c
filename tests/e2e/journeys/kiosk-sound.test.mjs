// The alarm of a wall that nobody ever touched: it sounds in a browser that is started as our kiosk
// session starts it, and where the browser forbids it the screen says so.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { Browser } from '../support/browser.mjs';
import { journey } from '../support/journey.mjs';
import { setUpByScript, signInByScript } from '../support/person.mjs';
import { until } from '../support/until.mjs';

const session = await readFile(
  new URL('../../../packaging/kiosk/indusmind-kiosk', import.meta.url),
  'utf8',
);
const HALL = { width: 1920, height: 1080 };

/**
 * A page that tells by itself how its sound is: a question of Playwright's counts as a touch, after
 * which every browser lets a page sound.
 */
async function untouched(browser, appliance) {
  const page = await browser.open(appliance, { viewport: HALL });
  const said = { now: {} };
  page.on('console', (message) => {
    if (message.text().startsWith('SOUND ')) said.now = JSON.parse(message.text().slice(6));
  });
  await page.addInitScript(() => {
    const contexts = [];
    let tones = 0;
    window.AudioContext = class extends window.AudioContext {
      constructor() {
        super();
        contexts.push(this);
      }
      createOscillator() {
        tones += 1;
        return super.createOscillator();
      }
    };
    const text = (selector) => document.querySelector(selector)?.innerText ?? null;
    setInterval(() => {
      const state = {
        code: text('[data-testid=pairing-code]'),
        alarm: text('[data-testid=wall-alarm]'),
        silent: text('.wall-alarm__blocked'),
        played: contexts.map(({ state, currentTime }) => [state, currentTime > 0]),
        tones,
        touched: navigator.userActivation.hasBeenActive,
      };
      console.log(`SOUND ${JSON.stringify(state)}`);
    }, 200);
  });
  await page.goto('/kiosk?pages=alerts&night=off');
  return { page, said };
}

/** A cold store whose meter went silent: an alert that calls. */
async function alarmed(stage) {
  const appliance = await stage.appliance();
  await setUpByScript(appliance);
  const token = await signInByScript(appliance);
  const ask = (path, body) => appliance.ask('POST', path, { token, body });
  const meter = await stage.meter({ powerKw: 80 });
  const press = await ask('/equipment', {
    name: 'Press 4',
    type: 'Press',
    model: 'SDM630',
    install_date: '2024-05-01',
    modbus: {
      host: '127.0.0.1',
      port: meter.port,
      unit_id: 1,
      profile: 'eastron-sdm630',
      poll_interval_ms: 500,
    },
  });
  await ask('/alert-rules', {
    equipment_id: press.id,
    level: 'High',
    metric: 'power',
    operator: '>',
    threshold: 50,
  });
  await until('the alert is on', async () => {
    const { items } = await appliance.ask('GET', '/alerts?search=Power', { token });
    return items.length > 0;
  });
  // Few screens are let in within a minute: whoever guesses codes shall not get far.
  const letIn = (code) =>
    until('the screen is let in', async () => {
      try {
        await ask('/kiosks/approve', { code, name: 'Hall 2' });
        return true;
      } catch (refused) {
        if (!refused.message.includes(' 429 ')) throw refused;
        return false;
      }
    });
  return { appliance, letIn };
}

journey('the alarm of a wall sounds without a touch, or says that it cannot', async (stage) => {
  const { appliance, letIn } = await alarmed(stage);
  const shipped = /--autoplay-policy=\S+/.exec(session)[0];
  const forbidden = '--autoplay-policy=document-user-activation-required';
  for (const [policy, sounds] of [
    [shipped, true],
    [forbidden, false],
  ]) {
    const browser = new Browser([policy]);
    try {
      const { page, said } = await untouched(browser, appliance);
      await letIn(await until('the screen shows its code', () => said.now.code));
      const heard = () => said.now.alarm && (sounds ? said.now.tones > 0 : said.now.silent);
      await until(`the wall is ${sounds ? 'heard' : 'silent and says so'}`, heard);
      const { played, silent, tones, touched } = said.now;
      assert.equal(touched, false, 'nobody touched it');
      if (sounds) {
        assert.equal(silent, null);
        await until('time passes for the sound', () => said.now.played.every(([, moves]) => moves));
        assert.equal(said.now.played[0][0], 'running');
      } else {
        assert.match(silent, /No sound: this browser blocks it/);
        assert.deepEqual([played[0][0], tones], ['suspended', 0]);
      }
      await stage.browser.picture(page, `kiosk-sound-${sounds ? 'heard' : 'blocked'}`);
      assert.deepEqual(browser.misdeeds, []);
    } finally {
      await browser.close();
    }
  }
});
