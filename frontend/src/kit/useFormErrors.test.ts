import { expect, it } from 'vitest';
import { reactive, ref } from 'vue';
import { useFormErrors, type Errors } from './useFormErrors';

interface Form {
  name: string;
  modbus: { port: string };
}

function setUp(name = '') {
  const form = reactive<Form>({ name, modbus: { port: '502' } });
  const element = ref<HTMLElement | null>(null);
  const errors = useFormErrors(form, element, (now): Errors =>
    now.name ? {} : { name: 'Fill in.' },
  );
  return { form, ...errors };
}

it('says nothing before somebody tried to send the form', () => {
  expect(setUp().errors.value).toEqual({});
});

it('refuses a form with an error and lets a good one pass', () => {
  const { form, errors, check } = setUp();
  expect(check()).toBe(false);
  expect(errors.value).toEqual({ name: 'Fill in.' });
  form.name = 'Oven';
  expect(errors.value).toEqual({});
  expect(check()).toBe(true);
});

it('shows each of the server’s sentences at its field until that field changes', () => {
  const { form, errors, refuse } = setUp('Oven');
  refuse([
    { path: 'modbus.port', message: 'The port is taken.' },
    { path: 'name', message: 'The name is taken.' },
  ]);
  expect(errors.value['modbus.port']).toBe('The port is taken.');
  form.name = 'Oven 2';
  expect(errors.value).toEqual({ 'modbus.port': 'The port is taken.' });
});

it('keeps a sentence that belongs to no field', () => {
  const { errors, homeless, refuse } = setUp('Oven');
  refuse([{ path: 'site.quota', message: 'There is no room for more.' }]);
  expect(errors.value).toEqual({});
  expect(homeless.value).toEqual(['There is no room for more.']);
});
