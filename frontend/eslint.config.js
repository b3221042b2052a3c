import js from '@eslint/js';
import vue from 'eslint-plugin-vue';
import a11y from 'eslint-plugin-vuejs-accessibility';
import ts from 'typescript-eslint';

const only = (name, home) => ({
  name,
  message: `${name} has one home: ${home}.`,
});

export default ts.config(
  { ignores: ['src/api/schema.gen.ts', 'node_modules'] },
  js.configs.recommended,
  ts.configs.recommended,
  vue.configs['flat/essential'],
  a11y.configs['flat/recommended'],
  {
    files: ['src/**/*.vue'],
    languageOptions: { parserOptions: { parser: ts.parser } },
    rules: {
      'vue/block-lang': ['error', { script: { lang: 'ts' } }],
      'vue/block-order': ['error', { order: ['script', 'template'] }],
      'vue/component-api-style': ['error', ['script-setup']],
      'vue/no-v-html': 'error',
      'vue/no-static-inline-styles': 'error',
      'vue/no-unused-refs': 'error',
      'vue/multi-word-component-names': 'off',
      'vuejs-accessibility/label-has-for': ['error', { required: { some: ['nesting', 'id'] } }],
      'vuejs-accessibility/no-autofocus': 'off',
    },
  },
  {
    files: ['src/**/*.{ts,vue}'],
    rules: {
      'no-undef': 'off',
      'max-lines': ['error', 400],
      'no-restricted-globals': [
        'error',
        only('fetch', 'src/api/client.ts'),
        only('WebSocket', 'src/live/socket.ts'),
      ],
      'no-restricted-imports': ['error', only('uplot', 'src/kit')],
    },
  },
  {
    files: ['src/api/client.ts', 'src/live/socket.ts', 'src/kit/**', 'src/**/*.test.ts'],
    rules: { 'no-restricted-globals': 'off', 'no-restricted-imports': 'off' },
  },
);
