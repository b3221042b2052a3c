import { createPinia } from 'pinia';
import { createApp } from 'vue';
import App from './App.vue';
import { router } from './router';
import './styles/tokens.css';
import './styles/fonts.css';
import './styles/base.css';
import './styles/components.css';
import { i18n, preferredLanguage, setLanguage } from './words';

// The words first, so that nobody sees English flash by before Arabic.
void setLanguage(preferredLanguage(), false)
  .catch(() => undefined)
  .then(() => createApp(App).use(createPinia()).use(i18n).use(router).mount('#app'));
