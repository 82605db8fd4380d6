import { createPinia } from 'pinia';
import { createApp } from 'vue';
import { provideGlobalConfig } from 'element-plus';
import zhCn from 'element-plus/es/locale/lang/zh-cn';
import 'element-plus/es/components/message/style/css';
import 'element-plus/es/components/message-box/style/css';
import './style.css';
import App from './app.vue';
import { router } from './router';

const app = createApp(App);
provideGlobalConfig({ locale: zhCn }, app, true);
app.use(createPinia()).use(router).mount('#app');
