// SPDX-License-Identifier: Apache-2.0
#include <mohr/cli/text.hpp>

#include <array>

namespace mohr::cli {
namespace {
constexpr std::array rows{
    TextRow{Text::not_activated, "M03", "The mobile token has not been activated yet.",
            "توکن همراه هنوز فعال نشده است."},
    TextRow{Text::not_initialised, "M08", "Reset the token first.", "ابتدا توکن را بازنشانی کنید."},
    TextRow{Text::user_pin_characters, "M10", "The user PIN may contain English digits only.",
            "رمز کاربری فقط می‌تواند شامل اعداد انگلیسی باشد."},
    TextRow{Text::user_pin_repeat_differs, "M11", "User PIN and its repetition differ.",
            "رمز کاربری و تکرار آن یکسان نیستند."},
    TextRow{Text::admin_pin_repeat_differs, "M12", "Admin PIN and its repetition differ.",
            "رمز مدیریتی و تکرار آن یکسان نیستند."},
    TextRow{Text::user_pin_length, "M13", "The user PIN must have 4 to 24 digits.",
            "رمز کاربری باید بین ۴ تا ۲۴ رقم باشد."},
    TextRow{Text::admin_pin_length, "M14", "The admin PIN must have 4 to 24 characters.",
            "رمز مدیریتی باید بین ۴ تا ۲۴ کاراکتر باشد."},
    TextRow{
        Text::admin_pin_characters, "M15",
        "The admin PIN may contain English letters and digits only; case matters.",
        "رمز مدیریتی فقط می‌تواند شامل حروف و اعداد انگلیسی باشد و بزرگی و کوچکی حروف اهمیت دارد."},
    TextRow{Text::pin_wrong, "M18", "Wrong PIN. {n} attempts left.",
            "رمز نادرست است. {n} تلاش باقی مانده است."},
    TextRow{Text::user_pin_blocked, "M19", "User PIN locked. Unlock it with the admin PIN.",
            "رمز کاربری مسدود شد. با رمز مدیریتی رفع انسداد کنید."},
    TextRow{
        Text::admin_pin_blocked, "M20", "Admin PIN locked. Only a reset remains; keys will be lost.",
        "رمز مدیریتی مسدود شد. تنها راه، بازنشانی توکن است و کلیدها از بین می‌روند."},
    TextRow{
        Text::pins_equal, "M21", "User PIN and admin PIN are equal. Continue?",
        "رمز کاربری و رمز مدیریتی یکسان هستند. ادامه می‌دهید؟"},
    TextRow{Text::service_stopped, "M47", "The Dastineh service is stopped.", "سرویس دستینه متوقف است."},
    TextRow{Text::asks_to_sign, "M48", "{origin} asks for a signature: {description}",
            "سامانه {origin} درخواست امضا دارد: {description}"},

    TextRow{Text::not_running, "",
            "The service is not running. Start it: systemctl --user enable --now mohrd",
            "سرویس مُهر اجرا نشده است. برای اجرا: systemctl --user enable --now mohrd"},
    TextRow{Text::no_answer, "", "The service did not answer in time.", "سرویس در زمان مقرر پاسخ نداد."},
    TextRow{Text::broke_off, "", "The service broke off the connection.", "سرویس ارتباط را قطع کرد."},
    TextRow{Text::service_running, "", "The service is on: sites can reach it.",
            "سرویس روشن است و سامانه‌ها به آن دسترسی دارند."},
    TextRow{Text::done, "", "Done.", "انجام شد."},
    TextRow{Text::interrupted, "", "Interrupted.", "متوقف شد."},

    TextRow{Text::ask_user_pin, "", "User PIN: ", "رمز کاربری: "},
    TextRow{Text::ask_new_user_pin, "", "New user PIN: ", "رمز کاربری تازه: "},
    TextRow{Text::ask_new_user_pin_again, "", "Repeat user PIN: ", "تایید رمز کاربری: "},
    TextRow{Text::ask_admin_pin, "", "Admin PIN: ", "رمز مدیریتی: "},
    TextRow{Text::ask_new_admin_pin, "", "New admin PIN: ", "رمز مدیریتی تازه: "},
    TextRow{Text::ask_new_admin_pin_again, "", "Repeat admin PIN: ", "تایید رمز مدیریتی: "},
    TextRow{Text::ask_owner_password, "", "Your password on this computer: ", "رمز حساب شما در این رایانه: "},
    TextRow{
        Text::owner_unavailable, "",
        "The password of this computer cannot be checked: is mohr-owner-auth.socket running (systemctl --user)?",
        "رمز حساب این رایانه را نمی‌توان بررسی کرد: آیا mohr-owner-auth.socket اجرا شده است (systemctl --user)؟"},
    TextRow{Text::owner_refused, "", "The password of this computer is wrong.",
            "رمز حساب این رایانه نادرست است."},
    TextRow{Text::ask_file_password, "", "Password of the file: ", "رمز پرونده: "},
    TextRow{
        Text::pin_needs_terminal, "",
        "A PIN is read from a terminal; to read it from standard input say --pin-stdin.",
        "رمز از پایانه خوانده می‌شود؛ برای خواندن از ورودی استاندارد --pin-stdin را بنویسید."},
    TextRow{Text::confirmation_needs_terminal, "", "This must be confirmed in a terminal, or with --yes.",
            "این کار باید در پایانه یا با --yes تایید شود."},
    TextRow{
        Text::guessable, "", "This PIN is easy to guess ({reason}). Use it all the same?",
        "این رمز به آسانی حدس زده می‌شود ({reason}). با این حال به کار رود؟"},
    TextRow{Text::yes_no, "", " [y/N] ", " [y/N] "},
    TextRow{Text::declined, "", "Declined; nothing was changed.", "پذیرفته نشد؛ چیزی تغییر نکرد."},
    TextRow{
        Text::reset_loses, "", "A reset destroys every key on the token. Certificates that will be lost: {n}",
        "بازنشانی همه کلیدهای توکن را از بین می‌برد. شمار گواهینامه‌هایی که از دست می‌رود: {n}"},
    TextRow{Text::reset_nothing_lost, "", "The token holds no certificate.",
            "توکن گواهینامه‌ای ندارد."},
    TextRow{Text::reset_sure, "", "Reset the token?", "توکن بازنشانی شود؟"},
    TextRow{
        Text::remove_loses, "", "This certificate and its private key will be gone for good:",
        "این گواهینامه و کلید خصوصی آن برای همیشه از بین می‌رود:"},
    TextRow{
        Text::remove_key_goes, "",
        "What was encrypted for it can then never be opened again. There is no undo.",
        "آنچه برای آن رمز شده است دیگر هرگز باز نمی‌شود. این کار برگشت ندارد."},
    TextRow{Text::remove_sure, "", "Remove it?", "حذف شود؟"},
    TextRow{Text::file_exists, "", "{file} exists; --force replaces it.",
            "{file} وجود دارد؛ با --force جایگزین می‌شود."},
    TextRow{Text::signature_valid, "", "The signature is valid.", "امضا معتبر است."},
    TextRow{
        Text::signature_intact, "",
        "The signature is intact, but the signer's name is not confirmed: no trusted authority was named.",
        "امضا سالم است، ولی نام امضاکننده تایید نشد: مرجع معتمدی داده نشده است."},
    TextRow{Text::signature_invalid, "", "The signature is NOT valid.", "امضا معتبر نیست."},
    TextRow{Text::log_intact, "", "The activity log is intact. Entries: {n}",
            "گزارش فعالیت دست‌نخورده است. شمار ردیف‌ها: {n}"},
    TextRow{Text::log_broken, "", "The activity log is NOT intact: line {line}, {kind}.",
            "گزارش فعالیت دست‌کاری شده است: خط {line}، {kind}."},

    TextRow{Text::agent_ready, "", "Waiting for requests. Ctrl-C ends the agent.",
            "در انتظار درخواست‌ها. Ctrl-C عامل را می‌بندد."},
    TextRow{Text::agent_ended, "", "The agent has ended.", "عامل بسته شد."},
    TextRow{Text::asks_access, "", "{origin} asks to use Mohr",
            "{origin} اجازه استفاده از مُهر می‌خواهد"},
    TextRow{Text::asks_listing, "", "{origin} asks to see the list of your certificates",
            "{origin} فهرست گواهینامه‌های شما را می‌خواهد"},
    TextRow{Text::asks_select, "", "{origin} asks you to choose a certificate",
            "{origin} از شما می‌خواهد گواهینامه‌ای برگزینید"},
    TextRow{Text::asks_authenticate, "", "{origin} asks you to log in", "{origin} درخواست ورود دارد"},
    TextRow{Text::asks_decrypt, "", "{origin} asks to decrypt: {description}",
            "{origin} درخواست رمزگشایی دارد: {description}"},
    TextRow{Text::asks_generate, "", "{origin} asks to make a new key on the token",
            "{origin} می‌خواهد کلید تازه‌ای روی توکن بسازد"},
    TextRow{Text::asks_import, "", "{origin} asks to put a certificate on the token",
            "{origin} می‌خواهد گواهینامه‌ای روی توکن بگذارد"},
    TextRow{Text::this_computer, "", "A program on this computer",
            "برنامه‌ای در این رایانه"},
    TextRow{Text::label_site, "", "Site", "سامانه"},
    TextRow{Text::label_program, "", "Program", "برنامه"},
    TextRow{Text::label_purpose, "", "Purpose", "منظور"},
    TextRow{Text::label_document, "", "Document", "سند"},
    TextRow{Text::label_documents, "", "Documents: {n}, together {size}", "شمار سندها: {n}، روی هم {size}"},
    TextRow{Text::label_size, "", "Size", "اندازه"},
    TextRow{Text::label_digest, "", "Digest", "چکیده"},
    TextRow{Text::label_certificates, "", "Certificates", "گواهینامه‌ها"},
    TextRow{Text::unknown_program, "", "unknown", "ناشناخته"},
    TextRow{
        Text::not_a_browser, "", "NOT A KNOWN BROWSER: the site's name is this program's claim only",
        "مرورگر شناخته‌شده‌ای نیست: نام سامانه تنها ادعای این برنامه است"},
    TextRow{Text::warn_insecure, "", "The connection of this site is not protected (http).",
            "ارتباط این سامانه محافظت‌شده نیست (http)."},
    TextRow{
        Text::warn_blind, "",
        "WHAT IS SIGNED CANNOT BE SHOWN. Such a signature could also serve as a login in your name.",
        "آنچه امضا می‌شود قابل نمایش نیست. چنین امضایی می‌تواند به جای ورود شما هم به کار رود."},
    TextRow{
        Text::warn_unauthenticated, "",
        "This content is not tamper-proof: it may have been changed on its way.",
        "این محتوا در برابر دست‌کاری محافظت نشده است و شاید در راه تغییر کرده باشد."},
    TextRow{
        Text::warn_weak, "", "It uses an algorithm that is considered weak today.",
        "الگوریتمی به کار رفته است که امروز ضعیف شمرده می‌شود."},
    TextRow{
        Text::no_usable_certificate, "", "No certificate on the token can be used for this.",
        "هیچ گواهینامه‌ای روی توکن برای این کار به کار نمی‌آید."},
    TextRow{Text::more_lines, "", "({n} more lines)", "({n} خط دیگر)"},
    TextRow{Text::page_hint, "", "-- page {page} of {pages}: Space next, e to the end, n refuse -- ",
            "-- صفحه {page} از {pages}: فاصله بعدی، e تا پایان، n رد -- "},
    TextRow{Text::choose_certificate, "",
            "Certificate (1-{n}; empty or n refuses): ", "گواهینامه (1-{n}؛ خالی یا n یعنی رد): "},
    TextRow{Text::certificate_out_of_range, "", "There is no usable certificate with that number.",
            "گواهینامه قابل استفاده‌ای با این شماره نیست."},
    TextRow{Text::question_allow, "",
            "Allow? y = yes, n = no: ", "اجازه می‌دهید؟ y بله، n خیر: "},
    TextRow{
        Text::question_allow_other, "",
        "Allow with certificate {chosen}? y = yes, c = another certificate, n = no: ",
        "با گواهینامه {chosen} اجازه می‌دهید؟ y بله، c گواهینامه دیگر، n خیر: "},
    TextRow{Text::question_allow_remember, "", "Allow? y = yes, r = yes and remember, n = no: ",
            "اجازه می‌دهید؟ y بله، r بله و به یاد بماند، n خیر: "},
    TextRow{
        Text::question_allow_other_remember, "",
        "Allow with certificate {chosen}? y = yes, r = yes and remember, c = another certificate, n = no: ",
        "با گواهینامه {chosen} اجازه می‌دهید؟ y بله، r بله و به یاد بماند، c گواهینامه دیگر، n خیر: "},
    TextRow{Text::question_pin, "",
            "User PIN ({n} attempts left; empty refuses): ", "رمز کاربری ({n} تلاش مانده؛ خالی یعنی رد): "},
    TextRow{Text::checking, "", "Sent.", "فرستاده شد."},
    TextRow{Text::refused, "", "Refused.", "رد شد."},
    TextRow{Text::closed_gone, "", "The request is over: the one who asked has gone.",
            "درخواست پایان یافت: درخواست‌کننده رفته است."},
    TextRow{Text::closed_cancelled, "", "The request is over: it was withdrawn.",
            "درخواست پایان یافت: پس گرفته شد."},
    TextRow{Text::closed_deadline, "", "The request is over: the time to answer has run out.",
            "درخواست پایان یافت: زمان پاسخ به سر رسید."},
    TextRow{Text::closed_stopping, "", "The request is over: the service is stopping.",
            "درخواست پایان یافت: سرویس در حال توقف است."},
    TextRow{Text::closed_other, "", "The request is over.", "درخواست پایان یافت."},
    TextRow{Text::agent_interrupt_hint, "", "Ctrl-C once more ends the agent.",
            "یک Ctrl-C دیگر عامل را می‌بندد."},
    TextRow{Text::asks_request, "", "{origin} asks for a request for a new certificate with your key",
            "{origin} با کلید شما درخواست گواهینامه تازه می‌خواهد"},
    TextRow{Text::asks_remove_key, "", "{origin} asks to remove the key that it had made",
            "{origin} می‌خواهد کلیدی را که ساخته بود حذف کند"},
    TextRow{Text::asks_remove_certificate, "", "{origin} asks to remove a certificate and its key",
            "{origin} می‌خواهد گواهینامه‌ای و کلید آن را حذف کند"},
    TextRow{Text::asks_change_pin, "", "{origin} suggests that you change your PIN",
            "{origin} پیشنهاد می‌کند رمز خود را عوض کنید"},
    TextRow{Text::asks_unblock_pin, "", "{origin} suggests that you unblock your PIN",
            "{origin} پیشنهاد می‌کند رمز خود را رفع انسداد کنید"},
    TextRow{
        Text::asks_import_file, "", "{origin} asks you to bring a key from a PKCS#12 file of yours",
        "{origin} از شما می‌خواهد کلیدی از پرونده PKCS#12 خود بیاورید"},
    TextRow{Text::label_name, "", "Name", "نام"},
    TextRow{Text::label_attribute, "", "Added to the signature", "افزوده به امضا"},
    TextRow{
        Text::warn_legacy, "",
        "This site was made for Dastine: what it asks for is less exact than it should be.",
        "این سامانه برای دستینه ساخته شده است و درخواست‌هایش آن‌چنان که باید دقیق نیست."},
    TextRow{Text::warn_asks_access, "",
            "You have not decided about this site yet: a yes lets it use Mohr as well.",
            "درباره این سامانه هنوز تصمیمی گرفته نشده است: «بله» اجازه استفاده از مُهر هم هست."},
    TextRow{Text::question_window, "", "w = also for more of it: ", "w برای چند مورد دیگر هم: "},
    TextRow{Text::question_window_terms, "",
            "How many, and for how many minutes? (at most {items} {minutes}; empty refuses): ",
            "چند مورد و چند دقیقه؟ (حداکثر {items} {minutes}؛ خالی یعنی رد): "},
    TextRow{Text::window_out_of_range, "", "Two numbers, such as 20 5, within what is offered.",
            "دو عدد مانند 20 5، در محدوده پیشنهادشده."},
    TextRow{Text::question_file, "", "PKCS#12 file (empty refuses): ", "پرونده PKCS#12 (خالی یعنی رد): "},
    TextRow{
        Text::file_unreadable, "", "This file cannot be read, or is larger than 512 KiB.",
        "این پرونده خوانده نمی‌شود یا از 512 کیلوبایت بزرگ‌تر است."},
    TextRow{Text::question_admin_pin, "",
            "Admin PIN ({n} attempts left; empty refuses): ", "رمز مدیریتی ({n} تلاش مانده؛ خالی یعنی رد): "},
    TextRow{Text::question_new_pin, "", "New user PIN (empty refuses): ", "رمز کاربری تازه (خالی یعنی رد): "},
    TextRow{Text::question_new_pin_again, "", "Repeat the new user PIN: ", "تایید رمز کاربری تازه: "},
    TextRow{Text::question_password, "",
            "Password of the file (empty refuses): ", "رمز پرونده (خالی یعنی رد): "},
    TextRow{Text::answer_problem, "", "That was not taken ({reason}).", "پذیرفته نشد ({reason})."},
    TextRow{
        Text::answer_confirm, "",
        "This PIN is easy to guess ({reason}). Type it again to use it all the same, or another one.",
        "این رمز به آسانی حدس زده می‌شود ({reason}). برای به کار بردن آن دوباره بنویسید، یا رمز دیگری."},
    TextRow{
        Text::window_open, "",
        "{origin} may decrypt {n} more items within {seconds} s; mohr site stop-decrypting ends that.",
        "{origin} تا {seconds} ثانیه دیگر می‌تواند {n} مورد دیگر را رمزگشایی کند؛ mohr site stop-decrypting آن را پایان می‌دهد."},

    TextRow{
        Text::trust_installed, "",
        "The browsers know Mohr's local certificate. A Firefox that has refused it before needs a restart.",
        "مرورگرها گواهی محلی مُهر را می‌شناسند. فایرفاکسی که پیش‌تر آن را رد کرده است باید دوباره باز شود."},
    TextRow{Text::trust_partly, "", "Not every browser could be told; the list says why.",
            "همه مرورگرها گواهی را نپذیرفتند؛ علت در فهرست آمده است."},
    TextRow{Text::trust_no_browser, "", "No browser of yours was found. Start it once, then run this again.",
            "مرورگری یافت نشد. یک بار آن را باز کنید و دوباره این فرمان را اجرا کنید."},
    TextRow{Text::trust_removed, "", "No browser knows Mohr's local certificate any more.",
            "هیچ مرورگری دیگر گواهی محلی مُهر را نمی‌شناسد."},
    TextRow{Text::trust_remove_partly, "", "It is still in a store; the list says why.",
            "گواهی هنوز در یک مرورگر مانده است؛ علت در فهرست آمده است."},
    TextRow{
        Text::trust_restart, "",
        "Restart Chromium, Chrome or Edge: they read their store only when they start.",
        "کرومیوم، کروم یا اج را ببندید و دوباره باز کنید؛ این مرورگرها گواهی‌ها را تنها هنگام آغاز می‌خوانند."},
    TextRow{
        Text::trust_renew, "",
        "The local certificate ends soon. Run mohr trust install, then restart Chromium.",
        "زمان گواهی محلی رو به پایان است. فرمان mohr trust install را اجرا و سپس کرومیوم را دوباره باز کنید."},
    TextRow{Text::trust_hosts_hint, "", "Whether the two host names lead here: mohr trust hosts",
            "برای بررسی دو نام میزبان: mohr trust hosts"},
    TextRow{Text::trust_hosts_how, "",
            "Both names must lead to this computer. Add these lines to /etc/hosts:",
            "هر دو نام باید به همین رایانه برسند. این سطرها را به /etc/hosts بیفزایید:"},
    TextRow{
        Text::page_held_back, "", "A page is waiting: {program} is probably asking you for permission.",
        "صفحه‌ای در انتظار است: {program} احتمالا از شما اجازه می‌خواهد."},
    TextRow{Text::doctor_well, "", "Nothing is wrong.", "ایرادی یافت نشد."},
    TextRow{Text::doctor_hint, "", "hint", "نکته"},
    TextRow{Text::doctor_warning, "", "warning", "هشدار"},
    TextRow{Text::doctor_error, "", "error", "خطا"},
    TextRow{Text::doctor_mended, "", "Mended.", "برطرف شد."},
};
constexpr bool complete() {
    for (std::size_t i = 0; i < rows.size(); ++i)
        if (static_cast<std::size_t>(rows[i].text) != i || rows[i].en.empty() || rows[i].fa.empty())
            return false;
    return rows.size() == static_cast<std::size_t>(Text::doctor_mended) + 1;
}
static_assert(complete());
} // namespace

std::optional<Language> language_from_name(std::string_view name) noexcept {
    if (name == "en") return Language::en;
    if (name == "fa") return Language::fa;
    return std::nullopt;
}

std::span<const TextRow> text_rows() noexcept {
    return rows;
}

std::string say(Text text, Language language,
                std::initializer_list<std::pair<std::string_view, std::string_view>> values) {
    const TextRow& row = rows[static_cast<std::size_t>(text)];
    return fill(language == Language::fa ? row.fa : row.en, {values.begin(), values.size()});
}

std::string fill(std::string_view pattern,
                 std::span<const std::pair<std::string_view, std::string_view>> values) {
    std::string out;
    std::size_t at = 0;
    while (at < pattern.size()) {
        const std::size_t open = pattern.find('{', at);
        const std::size_t close = open == std::string_view::npos ? open : pattern.find('}', open);
        out += pattern.substr(at, open - at);
        if (close == std::string_view::npos) break;
        const std::string_view name = pattern.substr(open + 1, close - open - 1);
        for (const auto& [key, value] : values)
            if (key == name) out += value;
        at = close + 1;
    }
    return out;
}

std::string number(std::uint64_t value, Language language) {
    const std::string ascii = std::to_string(value);
    if (language == Language::en) return ascii;
    std::string out;
    for (const char digit : ascii) { // U+06F0 to U+06F9
        out += '\xDB';
        out += static_cast<char>(0xB0 + (digit - '0'));
    }
    return out;
}

} // namespace mohr::cli
