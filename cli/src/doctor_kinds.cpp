// SPDX-License-Identifier: Apache-2.0
// What mohr doctor can find, in order of the checks.
#include "doctor.hpp"

#include <array>

namespace mohr::cli {
namespace {
constexpr std::array kinds{
    FindingKind{"service.not_running", Severity::error, "The daemon is not running.", "Start it.",
                "سرویس مُهر اجرا نشده است.", "آن را اجرا کنید.", "systemctl --user enable --now mohrd"},
    FindingKind{"service.left_socket", Severity::hint,
                "A control socket of a daemon that is gone was left over: {path}",
                "It goes by itself when the daemon starts, or now with --fix.",
                "سوکت سرویسی که دیگر نیست به جا مانده است: {path}",
                "هنگام آغاز سرویس یا با ‎--fix پاک می‌شود.", "rm {path}"},
    FindingKind{"service.foreign_socket", Severity::error,
                "The control socket belongs to somebody else: {path}",
                "Find out who put it there, and take it away.", "سوکت کنترل از آن کاربر دیگری است: {path}",
                "ببینید چه کسی آن را گذاشته و آن را بردارید.", ""},
    FindingKind{"service.no_answer", Severity::error,
                "The daemon does not answer on its control socket ({code}).", "Start it anew.",
                "سرویس پاسخ نمی‌دهد ({code}).", "آن را دوباره اجرا کنید.",
                "systemctl --user restart mohrd"},
    FindingKind{"service.door_closed", Severity::warning, "The front door is closed: no site can reach Mohr.",
                "Open it.", "سرویس برای سامانه‌ها بسته است.", "آن را روشن کنید.",
                "mohr start"},
    FindingKind{"service.door_down", Severity::error, "The process that faces the browser is not ready.",
                "Look at the log, then start the daemon anew.",
                "فرایندی که با مرورگر سخن می‌گوید آماده نیست.",
                "گزارش را ببینید و سرویس را دوباره اجرا کنید.", "journalctl --user -u mohrd"},
    FindingKind{"service.other_version", Severity::warning,
                "The daemon is version {daemon}, this program {program}.",
                "Start the daemon anew, so that both are of one version.",
                "نسخه سرویس {daemon} و نسخه این برنامه {program} است.",
                "سرویس را دوباره اجرا کنید تا هر دو یکی شوند.", "systemctl --user restart mohrd"},
    FindingKind{"service.developer_mode", Severity::hint,
                "Developer mode is on: http pages of this computer may connect.",
                "Set developer_mode = false in mohrd.toml and start the daemon anew.",
                "حالت توسعه‌دهنده روشن است.",
                "در mohrd.toml مقدار developer_mode را false کنید و سرویس را دوباره اجرا کنید.", ""},
    FindingKind{
        "service.no_agent", Severity::warning,
        "Nobody can be asked: no agent runs, so every signature is refused.",
        "Run an agent in a terminal, or Mohr on the desktop.",
        "برنامه‌ای برای پرسیدن از شما اجرا نشده است و هر امضایی رد می‌شود.",
        "عامل مُهر را در پایانه یا مُهر را در میز کار اجرا کنید.", "mohr agent"},
    FindingKind{"config.wrong", Severity::error, "The configuration is wrong: {problem}",
                "Correct that line of the file, then start the daemon.", "پیکربندی نادرست است: {problem}",
                "آن سطر را درست کنید و سرویس را اجرا کنید.", "mohrd --check-config"},
    FindingKind{"config.unchecked", Severity::hint,
                "The configuration could not be checked: mohrd was not found.",
                "Install the daemon, or put it into the search path.",
                "پیکربندی بررسی نشد، زیرا mohrd یافت نشد.", "سرویس را نصب کنید.", ""},
    FindingKind{"port.held", Severity::error, "Port {port} on {address} is held by {holder}.",
                "End that program, or choose other ports in mohrd.toml; then start the daemon.",
                "درگاه {port} روی {address} در دست {holder} است.",
                "آن برنامه را ببندید یا درگاه دیگری در mohrd.toml برگزینید، سپس سرویس را اجرا کنید.", ""},
    FindingKind{"port.no_listener", Severity::error,
                "Nothing answers on {address} port {port}, though the front door is open.",
                "Start the daemon anew.", "روی {address} درگاه {port} پاسخی نیست.",
                "سرویس را دوباره اجرا کنید.", "systemctl --user restart mohrd"},
    FindingKind{
        "port.one_family", Severity::warning,
        "Port {port} is not held on {address}, so another user could take it.",
        "Start the daemon anew; it takes both addresses.",
        "درگاه {port} روی {address} گرفته نشده است و کاربر دیگری می‌تواند آن را بگیرد.",
        "سرویس را دوباره اجرا کنید.", "systemctl --user restart mohrd"},
    FindingKind{"file.open_to_others", Severity::error, "Others may look into {path} (mode {mode}).",
                "Close it to others.", "دیگران به {path} دسترسی دارند (حالت {mode}).",
                "دسترسی دیگران را ببندید.", "chmod {right} {path}"},
    FindingKind{"file.foreign", Severity::error, "{path} belongs to somebody else.",
                "Give it back to its owner.", "{path} از آن کاربر دیگری است.", "مالک آن را درست کنید.",
                "sudo chown {user} {path}"},
    FindingKind{"file.link", Severity::error, "{path} is a symbolic link; Mohr does not follow it.",
                "Put the file itself there.",
                "{path} پیوند نمادین است و مُهر آن را دنبال نمی‌کند.",
                "خود پرونده را آنجا بگذارید.", ""},
    FindingKind{"file.unfinished", Severity::hint, "An interrupted write left {path} behind.",
                "It may go; --fix deletes it.", "از نوشتنی ناتمام {path} به جا مانده است.",
                "می‌توان آن را پاک کرد.", "rm {path}"},
    FindingKind{"file.disk_full", Severity::error, "Only {free} bytes are free where {path} lies.",
                "Make room.", "در جای {path} تنها {free} بایت آزاد است.", "جا باز کنید.", ""},
    FindingKind{"clock.behind", Severity::error,
                "The clock of this computer is wrong: it says {now}, but {witness} is from {then}.",
                "Set the clock.", "ساعت رایانه نادرست است: {now}؛ ولی {witness} از {then} است.",
                "ساعت را تنظیم کنید.", "sudo timedatectl set-ntp true"},
    FindingKind{
        "trust.certutil_missing", Severity::warning,
        "The program certutil is missing, so the browsers’ stores cannot be looked at.",
        "Install its package.",
        "برنامه certutil نصب نیست و گواهی‌های مرورگرها بررسی نشد.",
        "بسته آن را نصب کنید.", "sudo apt install libnss3-tools"},
    FindingKind{
        "trust.absent", Severity::warning,
        "{store} does not know the local certificate: wss does not work there ({directory}).",
        "Let it know, then restart Chromium.",
        "{store} گواهی محلی را نمی‌شناسد و wss در آن کار نمی‌کند ({directory}).",
        "گواهی را به مرورگر بشناسانید و کرومیوم را دوباره باز کنید.", "mohr trust install"},
    FindingKind{"trust.old_root", Severity::warning,
                "{store} knows an old root of Mohr, {name} ({directory}).",
                "Take it out and put the right one in.",
                "{store} ریشه‌ای قدیمی از مُهر دارد: {name} ({directory}).",
                "آن را بردارید و ریشه درست را بگذارید.", "mohr trust install"},
    FindingKind{"trust.unreadable", Severity::warning,
                "The store of {store} cannot be read: {problem} ({directory})",
                "Mend or delete that store with the browser closed.",
                "گواهی‌های {store} خوانده نشد: {problem} ({directory})",
                "مرورگر را ببندید و آن را درست کنید.", ""},
    FindingKind{"trust.ends", Severity::warning, "The local certificate ends on {date}.",
                "Renew it, then restart Chromium.",
                "زمان گواهی محلی در {date} به پایان می‌رسد.",
                "آن را تازه کنید و کرومیوم را دوباره باز کنید.", "mohr trust install"},
    FindingKind{
        "hosts.unknown", Severity::warning,
        "{host} is not known here: portals that use it cannot connect over wss.",
        "Add it to /etc/hosts; see mohr trust hosts.",
        "نام {host} شناخته نیست و سامانه‌هایی که از آن بهره می‌برند وصل نمی‌شوند.",
        "آن را به /etc/hosts بیفزایید؛ mohr trust hosts را ببینید.", "{hosts_command}"},
    FindingKind{"hosts.elsewhere", Severity::error,
                "{host} leads to {addresses}, which is not this computer.",
                "Correct /etc/hosts; see mohr trust hosts.",
                "نام {host} به {addresses} می‌رسد که این رایانه نیست.",
                "پرونده /etc/hosts را درست کنید؛ mohr trust hosts را ببینید.", "{hosts_command}"},
    FindingKind{"policy.damaged", Severity::warning,
                "The policy {path} is not valid JSON; {browser} ignores it.", "Install it anew.",
                "سیاست {path} درست نیست و {browser} آن را نادیده می‌گیرد.",
                "آن را دوباره نصب کنید.", "sudo mohr policy install --browser {browser} --site https://…"},
    FindingKind{
        "policy.in_the_way", Severity::warning,
        "{other} decides about the same permission as {path}, and may win.",
        "Put the sites into one of the two files.",
        "{other} درباره همان اجازه تصمیم می‌گیرد که {path}، و شاید آن برنده شود.",
        "سامانه‌ها را در یکی از دو پرونده بگذارید.", ""},
    FindingKind{
        "policy.unreadable", Severity::warning,
        "The policy {path} cannot be read by everybody; {browser} ignores it.", "Make it readable.",
        "سیاست {path} برای همه خواندنی نیست و {browser} آن را نادیده می‌گیرد.",
        "آن را خواندنی کنید.", "sudo chmod 644 {path}"},
    FindingKind{
        "page.held_back", Severity::hint,
        "A page is waiting for the browser’s permission ({program}, {seconds} s).",
        "Look at the browser window and allow the site to reach apps on this device.",
        "صفحه‌ای در انتظار اجازه مرورگر است ({program}، {seconds} ثانیه).",
        "به پنجره مرورگر نگاه کنید و اجازه دهید.", ""},
    FindingKind{"token.not_initialised", Severity::hint, "The token has no PINs yet.", "Set them.",
                "توکن هنوز رمز ندارد.", "رمزها را تعیین کنید.", "mohr token init"},
    FindingKind{"token.user_blocked", Severity::error, "The user PIN is blocked.",
                "Set a new one with the admin PIN.", "رمز کاربری مسدود است.",
                "با رمز مدیریتی رمز تازه‌ای بگذارید.", "mohr token unblock"},
    FindingKind{
        "token.admin_blocked", Severity::error, "The admin PIN is blocked.",
        "While the user PIN works nothing is lost; otherwise only a reset remains, which destroys the keys.",
        "رمز مدیریتی مسدود است.",
        "اگر رمز کاربری هم مسدود شود تنها بازنشانی می‌ماند که کلیدها را از بین می‌برد.",
        ""},
    FindingKind{"site.refused", Severity::hint, "The site {origin} is refused.",
                "If it should be able to ask again, forget the decision.", "سامانه {origin} رد شده است.",
                "اگر باید دوباره بتواند بپرسد، آن را فراموش کنید.", "mohr site forget {origin}"},
    FindingKind{"log.not_intact", Severity::error, "The activity log is not intact: line {line}, {kind}.",
                "Keep a copy of the files and find out who changed them; this cannot be undone.",
                "گزارش فعالیت دست‌خورده است: خط {line}، {kind}.",
                "از پرونده‌ها رونوشت بردارید و علت را بیابید.",
                "mohr log verify"},
};
} // namespace

std::span<const FindingKind> finding_kinds() noexcept {
    return kinds;
}

std::string_view severity_name(Severity severity) noexcept {
    switch (severity) {
    case Severity::hint:
        return "hint";
    case Severity::warning:
        return "warning";
    case Severity::error:
        break;
    }
    return "error";
}

} // namespace mohr::cli
