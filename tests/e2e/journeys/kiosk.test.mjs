// A screen on a wall: it shows a code, is let in, outlives the appliance's restart, and is put out.
import assert from "node:assert/strict";
import { accessibilityFaults } from "../support/browser.mjs";
import { journey } from "../support/journey.mjs";
import {
  addMeter,
  arrive,
  banner,
  OWNER,
  setUpByScript,
} from "../support/person.mjs";

const HALL = { width: 1920, height: 1080 };
const field = (page, label) => page.getByLabel(label, { exact: true });
const press = (page, name) =>
  page.getByRole("button", { name, exact: true }).click();
const wall = (page) =>
  page.getByRole("heading", { name: "Dashboard", includeHidden: true });
/** Only the first page of the rounds: the others are looked at below. */
const KIOSK = "/kiosk?pages=overview&night=off";
const powerNow = (page) =>
  page.getByRole("region", { name: "Power now" }).locator(".reading--good");
/** How long a screen may take to be back after the appliance is, ms. */
const BACK_MS = 10_000;

journey(
  "a screen on a wall is let in, stays in and is put out",
  async (stage) => {
    const appliance = await stage.appliance(
      "run",
      "[limits]\nlogin_per_minute = 120\n",
    );
    const meter = await stage.meter();
    await setUpByScript(appliance);
    const chief = await stage.browser.open(appliance);
    await arrive(chief);
    await addMeter(chief, { name: "Oven 1", port: meter.port });

    const screen = await stage.browser.open(appliance, { viewport: HALL });
    await screen.goto(KIOSK);
    const code = screen.getByTestId("pairing-code");
    await code.waitFor();
    const size = await code.evaluate((element) =>
      parseFloat(getComputedStyle(element).fontSize),
    );
    assert.ok(size >= 200, `letters of ${size} px are read at five metres`);
    assert.deepEqual(await accessibilityFaults(screen), []);
    await stage.browser.picture(screen, "kiosk-code");
    // After a reload the old code is nobody's: a new one comes, and that one works.
    await screen.reload();
    await code.waitFor();

    await press(chief, "Administration");
    await chief.getByRole("menuitem", { name: "Kiosks" }).click();
    await stage.browser.picture(chief, "kiosks-none");
    await chief.getByRole("link", { name: "Let a screen in" }).first().click();
    await field(chief, "Code on the screen").fill("AAAA-AAA");
    await press(chief, "Let it in");
    await chief.getByText("The code has eight letters and digits.").waitFor();
    await field(chief, "Code on the screen").fill("AAAA AAAA");
    await field(chief, "Name").fill("Hall 2");
    await press(chief, "Let it in");
    await chief.getByText("No screen shows this code now.").waitFor();
    await field(chief, "Code on the screen").fill(
      (await code.innerText()).toLowerCase(),
    );
    await press(chief, "Let it in");
    await chief
      .getByRole("table", { name: "Kiosks" })
      .getByText("Hall 2")
      .waitFor();
    assert.deepEqual(await accessibilityFaults(chief), []);

    await wall(screen).waitFor({ state: "attached" });
    await powerNow(screen).first().waitFor();
    assert.equal(
      await screen.getByRole("navigation").count(),
      0,
      "nothing leads away",
    );
    assert.deepEqual(await accessibilityFaults(screen), []);
    await stage.browser.picture(screen, "kiosk-wall");

    await appliance.kill();
    await banner(screen).waitFor();
    await stage.browser.picture(screen, "kiosk-lost");
    await appliance.startAgain();
    await banner(screen).waitFor({ state: "detached", timeout: BACK_MS });
    await powerNow(screen).first().waitFor();
    // A start page without the arrangement shows what was arranged before.
    await screen.goto("/kiosk");
    await wall(screen).waitFor({ state: "attached" });
    assert.equal(await screen.locator(".rounds").getAttribute("data-page"), "overview");
    for (const [page, heading] of [
      ["flow", "Consumers and energy flow"],
      ["live", "All machines, live"],
      ["alerts", "Open alerts"],
    ]) {
      await screen.goto(`/kiosk?pages=${page}&night=off`);
      const title = screen.getByRole("heading", { name: heading, includeHidden: true });
      await title.waitFor({ state: "attached" });
      assert.deepEqual(await accessibilityFaults(screen), []);
      const over = await screen.evaluate(() => {
        const { scrollWidth, clientWidth, scrollHeight, clientHeight } = document.documentElement;
        return [scrollWidth - clientWidth, scrollHeight - clientHeight];
      });
      assert.deepEqual(over, [0, 0], `nobody scrolls the page ${page} of a wall`);
      await stage.browser.picture(screen, `kiosk-wall-${page}`);
    }
    await screen.goto("/kiosk?pages=overview&night=0-23:59");
    await wall(screen).waitFor({ state: "attached" });
    assert.equal(await screen.locator("html").getAttribute("data-theme"), "dark", "it is night");
    await stage.browser.picture(screen, "kiosk-wall-night");

    // The appliance goes before the second page ever stood: the wall keeps the first, and turns
    // when it is back. Turns are an hour long here, so that none happens by itself meanwhile.
    await screen.clock.install();
    await screen.goto("/kiosk?pages=overview:3600,flow:3600&night=off");
    await screen.locator(".rounds h1").first().waitFor({ state: "attached" });
    await appliance.kill();
    await banner(screen).waitFor();
    const standing = await screen.locator(".rounds").getAttribute("data-page");
    await screen.clock.fastForward(3_600_000);
    await screen.waitForTimeout(1_500);
    assert.equal(await screen.locator(".rounds").getAttribute("data-page"), standing);
    assert.equal(await screen.locator(".rounds__page").count(), 1, "something stands there");
    await appliance.startAgain();
    await banner(screen).waitFor({ state: "detached", timeout: BACK_MS });

    const night = {
      locale: "ar",
      colorScheme: "dark",
      viewport: { width: 390, height: 844 },
    };
    const phone = await stage.browser.open(appliance, night);
    await phone.goto("/kiosks");
    await phone.locator("[name=username]").fill(OWNER.email);
    await phone.locator("[name=password]").fill(OWNER.password);
    await phone.locator("button[type=submit]").click();
    await phone.getByRole("table").waitFor();
    await stage.browser.picture(phone, "kiosks-arabic-phone");
    await phone.goto("/kiosks/new");
    await phone.locator("[name=kiosk-code]").waitFor();
    await stage.browser.picture(phone, "kiosks-new-arabic-phone");

    // Arranged in its record: the screen follows without a touch, whatever its address says.
    await chief.goto("/kiosks");
    await press(chief, "What it shows: Hall 2");
    const dialog = chief.getByRole("dialog");
    await dialog.getByLabel("Dark at night", { exact: true }).uncheck();
    const pages = dialog.locator(".arrange__page");
    for (let n = 0; n < (await pages.count()); n += 1)
      await pages.nth(n).getByRole("checkbox").setChecked(n === 3);
    await stage.browser.picture(chief, "kiosks-arrange");
    assert.deepEqual(await accessibilityFaults(chief), []);
    await dialog.getByRole("button", { name: "Show it" }).click();
    await dialog.waitFor({ state: "detached" });
    await screen.locator(".rounds[data-page=alerts]").waitFor();
    await screen.reload();
    await screen.locator(".rounds[data-page=alerts]").waitFor();

    await press(chief, "Rename Hall 2");
    await chief
      .getByRole("dialog")
      .getByLabel("Name", { exact: true })
      .fill("Hall 2, north");
    await chief.keyboard.press("Enter");
    await press(chief, "Revoke Hall 2, north");
    await stage.browser.picture(chief, "kiosks-revoke");
    await chief
      .getByRole("alertdialog")
      .getByRole("button", { name: "Revoke" })
      .click();
    await chief.getByText("No kiosk yet").waitFor();
    await code.waitFor();

    await phone.goto("/kiosk");
    await phone.getByTestId("pairing-code").waitFor();
    await stage.browser.picture(phone, "kiosk-code-arabic");
  },
);
