// SPDX-License-Identifier: Apache-2.0

export type DiagnosisState =
    | 'ready'
    | 'not-running'
    | 'browser-permission-needed'
    | 'browser-permission-denied'
    | 'blocked-for-this-site'
    | 'blocked-by-page-policy'
    | 'certificate-not-trusted'
    | 'outdated';

export interface Remedy {
    title: string;
    text: string;
}

/** What a person can do about each state, in the two languages of the product. */
export const remedies: Readonly<Record<DiagnosisState, { fa: Remedy; en: Remedy }>> = {
    ready: {
        fa: { title: 'مُهر آماده است', text: 'این صفحه به مُهر وصل است.' },
        en: { title: 'Mohr is ready', text: 'This page is connected to Mohr.' },
    },
    'not-running': {
        fa: {
            title: 'مُهر روشن نیست',
            text: 'مُهر روی این رایانه نصب نیست یا خاموش است. آن را نصب کنید، یا از نماد مُهر در نوار وظیفه یا با فرمان «mohr start» روشن کنید و دوباره تلاش کنید.',
        },
        en: {
            title: 'Mohr is not running',
            text: 'Mohr is not installed on this computer or is switched off. Install it, or switch it on from its tray icon or with “mohr start”, then try again.',
        },
    },
    'browser-permission-needed': {
        fa: {
            title: 'اجازهٔ مرورگر لازم است',
            text: 'برای وصل شدن این سایت به برنامه‌های همین رایانه، مرورگر از شما اجازه می‌خواهد. روی «اتصال» بزنید و در پنجرهٔ مرورگر «اجازه دادن» را انتخاب کنید.',
        },
        en: {
            title: 'Your browser asks for permission',
            text: 'Your browser wants your permission before this site may reach programs on this computer. Press “Connect” and choose “Allow” in the browser’s own question.',
        },
    },
    'browser-permission-denied': {
        fa: {
            title: 'مرورگر اجازه نداده است',
            text: 'در این مرورگر دسترسی این سایت به برنامه‌های همین رایانه بسته است. روی نشانهٔ کنار نشانی سایت بزنید، در تنظیمات سایت «دسترسی به برنامه‌های این دستگاه» را روی «مجاز» بگذارید و صفحه را دوباره باز کنید. صفحه‌هایی که با http باز شده‌اند این اجازه را نمی‌گیرند.',
        },
        en: {
            title: 'Your browser does not allow it',
            text: 'In this browser the site may not reach programs on this computer. Press the icon beside the address, open the site settings, set “Apps on this device” (or “Local network access”) to “Allow”, and reload the page. Pages opened with http never get this permission.',
        },
    },
    'blocked-for-this-site': {
        fa: {
            title: 'مُهر این سایت را نمی‌پذیرد',
            text: 'شما پیش‌تر دسترسی این سایت به مُهر را رد کرده‌اید، یا درخواست‌هایش برای مدتی بی‌پاسخ می‌ماند. در مدیریت مُهر، بخش سایت‌ها، یا با فرمان «mohr site forget» آن را بردارید.',
        },
        en: {
            title: 'Mohr refuses this site',
            text: 'You have refused this site’s access to Mohr before, or its requests are silenced for a while. Lift it in Mohr’s list of sites or with “mohr site forget”.',
        },
    },
    'blocked-by-page-policy': {
        fa: {
            title: 'سیاست خودِ صفحه مانع است',
            text: 'سیاست امنیتی این صفحه (Content-Security-Policy) اتصال به مُهر را بسته است. سازندهٔ سایت باید نشانی‌های مُهر را به connect-src بیفزاید.',
        },
        en: {
            title: 'The page’s own policy is in the way',
            text: 'The security policy of this page (Content-Security-Policy) forbids the connection. The developer of the site has to add Mohr’s addresses to connect-src.',
        },
    },
    'certificate-not-trusted': {
        fa: {
            title: 'گواهی محلی مُهر شناخته نیست',
            text: 'مُهر روشن است ولی مرورگر به گواهی محلی آن اعتماد ندارد. فرمان «mohr trust install» را اجرا کنید و مرورگر را ببندید و دوباره باز کنید.',
        },
        en: {
            title: 'Mohr’s local certificate is not trusted',
            text: 'Mohr is running, but the browser does not trust its local certificate. Run “mohr trust install”, then close the browser and open it again.',
        },
    },
    outdated: {
        fa: { title: 'نسخهٔ مُهر قدیمی است', text: 'این سایت به نسخهٔ تازه‌تری از مُهر نیاز دارد. مُهر را به‌روز کنید.' },
        en: { title: 'Mohr is outdated', text: 'This site needs a newer version of Mohr. Update Mohr.' },
    },
};
