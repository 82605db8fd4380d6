import { createPinia } from 'pinia';
import { createApp } from 'vue';
import { provideGlobalConfig } from 'element-plus';
import zhCn from 'element-plus/es/locale/lang/zh-cn';
import './style.css';
import App from './app.vue';
import { router } from './router';

// The theme follows the system's.
const dark = window.matchMedia('(prefers-color-scheme: dark)');
const follow = (): void => void document.documentElement.classList.toggle('dark', dark.matches);
follow();
dark.addEventListener('change', follow);

const app = createApp(App);
provideGlobalConfig({ locale: zhCn }, app, true);
app.use(createPinia()).use(router).mount('#app');
