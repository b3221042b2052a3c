import { journey } from '../support/journey.mjs';
import { addMeter, arrive, setUpByScript, shows, signInByScript } from '../support/person.mjs';

journey('two screens: what one person changes, the other sees without a reload', async (stage) => {
  const meter = await stage.meter({ powerKw: 5.25 });
  const appliance = await stage.appliance();
  await setUpByScript(appliance);
  const [wall, desk] = [await stage.browser.open(appliance), await stage.browser.open(appliance)];
  await arrive(wall);
  await wall.getByText('No equipment yet').waitFor();
  await arrive(desk);

  // Twice, because a list that reloads once may have done so by chance.
  for (const name of ['First', 'Second']) {
    await addMeter(desk, { name, port: meter.port });
    const tile = wall.getByRole('link', { name: new RegExp(`${name}.*(Online|Offline)`, 's') });
    await tile.waitFor();
    await shows(tile, 5.25);
  }

  const token = await signInByScript(appliance);
  const { items } = await appliance.ask('GET', '/equipment?search=Second', { token });
  const body = { name: 'Renamed' };
  await appliance.ask('PUT', `/equipment/${items[0].id}`, { token, body });
  await wall.getByRole('link', { name: /Renamed.*(Online|Offline)/s }).waitFor();
});
