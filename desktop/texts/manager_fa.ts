<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="fa_IR">
<context>
    <name></name>
    <message id="manager.failure.notRunning"><translation>سرویس مُهر در حال اجرا نیست.</translation></message>
    <message id="manager.failure.foreignService"><translation>سوکت کنترل از آنِ کاربر دیگری است؛ چیزی به آن فرستاده نشد.</translation></message>
    <message id="manager.failure.connectionLost"><translation>سرویس ارتباط را قطع کرد. معلوم نیست درخواست انجام شده باشد.</translation></message>
    <message id="manager.failure.timeout"><translation>سرویس به‌موقع پاسخ نداد.</translation></message>
    <message id="manager.failure.protocol"><translation>سرویس چیزی فرستاد که این برنامه نمی‌فهمد. شاید نسخه‌هایشان یکی نیست.</translation></message>
    <message id="manager.failure.olderService"><translation>سرویسِ در حال اجرا از این پنجره قدیمی‌تر است و این کار را نمی‌داند. آن را دوباره اجرا کنید.</translation></message>
    <message id="manager.failure.declined"><translation>نپذیرفتید؛ کاری انجام نشد.</translation></message>
    <message id="manager.failure.consentTimeout"><translation>زمان پاسخ به پایان رسید؛ کاری انجام نشد.</translation></message>
    <message id="manager.failure.cancelled"><translation>لغو شد؛ کاری انجام نشد.</translation></message>
    <message id="manager.failure.noAgent"><translation>پنجره‌ای که تصمیم شما را می‌پرسد باز نشد.</translation></message>
    <message id="manager.failure.busy"><translation>درخواست دیگری در انتظار است. نخست به آن پاسخ دهید.</translation></message>
    <message id="manager.failure.noCertificate"><translation>چنین گواهینامه‌ای وجود ندارد.</translation></message>
    <message id="manager.failure.keyUsage"><translation>گواهینامه برای این کاربرد صادر نشده است.</translation></message>
    <message id="manager.failure.certificateUnusable"><translation>گواهینامه منقضی یا باطل شده، یا فعال نشده است.</translation></message>
    <message id="manager.failure.algorithm"><translation>این الگوریتم پشتیبانی نمی‌شود.</translation></message>
    <message id="manager.failure.malformed"><translation>داده در قالب مورد انتظار نیست یا آسیب دیده است.</translation></message>
    <message id="manager.failure.decryption"><translation>محتوا رمزگشایی نشد.</translation></message>
    <message id="manager.failure.notRecipient"><translation>برای هیچ‌یک از کلیدهای این توکن رمز نشده است.</translation></message>
    <message id="manager.failure.loginContext"><translation>این داده به کار ورود می‌آید و نمی‌توان آن را چون سند امضا کرد.</translation></message>
    <message id="manager.failure.limit"><translation>از یک حد مجاز گذشت.</translation></message>
    <message id="manager.failure.confirmation"><translation>این کار تایید دوباره می‌خواهد.</translation></message>
    <message id="manager.failure.wrongRole"><translation>این نقش اجازهٔ این کار را ندارد.</translation></message>
    <message id="manager.failure.notFound"><translation>دیگر وجود ندارد.</translation></message>
    <message id="manager.failure.storage"><translation>دیسک نپذیرفت؛ چیزی تغییر نکرد.</translation></message>
    <message id="manager.failure.exists"><translation>از پیش وجود دارد.</translation></message>
    <message id="manager.failure.wrongPassword"><translation>گذرواژه پرونده را باز نمی‌کند.</translation></message>
    <message id="manager.failure.pinInvalid"><translation>رمز تازه با قاعده‌ها سازگار نیست.</translation></message>
    <message id="manager.failure.pinWrong"><translation>رمز نادرست است.</translation></message>
    <message id="manager.failure.ownerRefused"><translation>گذرواژهٔ حساب کاربری درست نبود.</translation></message>
    <message id="manager.failure.notLogged"><translation>انجام شد، اما گزارش فعالیت نتوانست آن را ثبت کند.</translation></message>
    <message id="manager.failure.other"><translation>سرویس نپذیرفت (%1).</translation></message>
    <message id="manager.failure.detail"><translation>%1 (%2)</translation></message>
    <message id="manager.state.on"><translation>دستینه: روشن</translation></message>
    <message id="manager.state.off"><translation>دستینه: خاموش</translation></message>
    <message id="manager.state.unreachable"><translation>دستینه: در حال اجرا نیست</translation></message>
    <message id="manager.state.offHint"><translation>سامانه‌ها به توکن دسترسی ندارند. برای پذیرفتن درخواست‌ها روشن کنید.</translation></message>
    <message id="manager.state.asking"><translation>درخواستی در انتظار تصمیم شماست.</translation></message>
    <message id="manager.state.tlsRenew"><translation>گواهی ارتباط امن به‌زودی منقضی می‌شود.</translation></message>
    <message id="manager.state.unlocked"><translation>قفل توکن باز است.</translation></message>
    <message id="manager.state.locked"><translation>توکن قفل است؛ کاربرد بعدی با رمز بازش می‌کند.</translation></message>
    <message id="manager.undo"><translation>بازگردانی</translation></message>
    <message id="manager.thisComputer"><translation>همین رایانه</translation></message>
    <message id="manager.stop.openRequest"><translation>درخواستی از %1 هنوز باز است. با خاموش کردن، آن درخواست ردشده به پایان می‌رسد.</translation></message>
    <message id="manager.stop.anyway"><translation>خاموش کن</translation></message>
    <message id="manager.switch.on"><translation>روشن کردن دستینه</translation></message>
    <message id="manager.switch.off"><translation>خاموش کردن دستینه</translation></message>
    <message id="manager.pages"><translation>صفحه‌ها</translation></message>
    <message id="manager.page.home"><translation>آغاز</translation></message>
    <message id="manager.home.intro"><translation>کدام توکن را مدیریت می‌کنید؟</translation></message>
    <message id="manager.home.mobileTokenHint"><translation>کلیدها و گواهینامه‌های شما، مُهرشده در همین رایانه</translation></message>
    <message id="manager.home.tour"><translation>مُهر چیست و پنجره‌هایش را چگونه بشناسم</translation></message>
</context>
</TS>
