# SPDX-License-Identifier: Apache-2.0
"""When the token locks itself, and who may reset it when both PINs are blocked."""
import contextlib
import os
import pathlib
import subprocess

import pytest
from core_harness import PrivateBus, Profile, acting_as, pam_environment
from harness import RUNNER, RpcError, as_user, eventually, private_directory

USER_PIN, ADMIN_PIN = "83920174", "newAdmin7x"

# logind, as far as a delay inhibitor goes: says when one is taken and when it is let go.
LOGIND = """
import os, sys, dbus, dbus.service, dbus.mainloop.glib
from gi.repository import GLib
dbus.mainloop.glib.DBusGMainLoop(set_as_default=True)
class Manager(dbus.service.Object):
    @dbus.service.method('org.freedesktop.login1.Manager', in_signature='ssss', out_signature='h')
    def Inhibit(self, what, who, why, mode):
        read_end, write_end = os.pipe()
        print('taken', what, mode, flush=True)
        def released(*_):
            print('released', flush=True); os.close(read_end); return False
        GLib.io_add_watch(read_end, GLib.IO_HUP, released)
        given = dbus.types.UnixFd(write_end); os.close(write_end)
        return given
bus = dbus.bus.BusConnection(sys.argv[1])
name = dbus.service.BusName('org.freedesktop.login1', bus)
manager = Manager(bus, '/org/freedesktop/login1')
print('ready', flush=True)
GLib.MainLoop().run()
"""


@contextlib.contextmanager
def running(build, config="", environment=None):
    with private_directory() as base, Profile(build, base, config=config, environment=environment) as profile:
        profile.start()
        with profile.connect() as control:
            control.call("token.initialise", {"label": "Mine"}, {"user_pin": USER_PIN, "admin_pin": ADMIN_PIN})
            yield profile, control


def unlock(control):
    assert control.call("token.verify", {"role": "user"}, {"pin": USER_PIN}) == {}
    assert control.call("token.info")["unlocked"] is True


def locked(control):
    return not control.call("token.info")["unlocked"]


SIGNALS = {
    "suspend": ("system", "/org/freedesktop/login1", "org.freedesktop.login1.Manager", "PrepareForSleep", "boolean:true"),
    "session lock": ("system", "/org/freedesktop/login1/session/_31", "org.freedesktop.login1.Session", "Lock"),
    "screen lock": ("session", "/org/freedesktop/ScreenSaver", "org.freedesktop.ScreenSaver", "ActiveChanged", "boolean:true"),
    "GNOME's screen lock": ("session", "/org/gnome/ScreenSaver", "org.gnome.ScreenSaver", "ActiveChanged", "boolean:true"),
}
OTHER_SIGNALS = [
    ("system", "/org/freedesktop/login1", "org.freedesktop.login1.Manager", "PrepareForSleep", "boolean:false"),
    ("system", "/org/freedesktop/login1/session/_31", "org.freedesktop.login1.Session", "Unlock"),
    ("session", "/org/freedesktop/ScreenSaver", "org.freedesktop.ScreenSaver", "ActiveChanged", "boolean:false"),
    ("session", "/org/freedesktop/ScreenSaver", "org.example.ScreenSaver", "ActiveChanged", "boolean:true"),
    ("system", "/org/freedesktop/login1", "org.freedesktop.login1.Manager", "PrepareForSleep", "string:true"),
]


def test_lock_signals(build):
    """the token locks on suspend, session lock and screen lock, and on nothing else that the buses say"""
    with private_directory() as base, PrivateBus(base, "system") as system, PrivateBus(base, "session") as session:
        buses = {"system": system, "session": session}
        environment = {"DBUS_SYSTEM_BUS_ADDRESS": system.address, "DBUS_SESSION_BUS_ADDRESS": session.address}
        with running(build, environment=environment) as (profile, control):
            for why, (bus, *signal) in SIGNALS.items():
                unlock(control)
                for other, *harmless in OTHER_SIGNALS:
                    buses[other].emit(*harmless)
                assert not locked(control)
                buses[bus].emit(*signal)
                eventually(lambda: locked(control))
                assert why.split("'")[0] in profile.log() or "screen lock" in profile.log()
            # Malformed ones and locks of what is locked did no harm.
            unlock(control)


def test_suspend_waits_for_the_lock(build):
    """suspend is held up until the token is locked, and the hold is taken again afterwards"""
    with private_directory() as base, PrivateBus(base, "system") as system:
        logind = subprocess.Popen(as_user(["/usr/bin/python3", "-c", LOGIND, system.address], RUNNER), stdout=subprocess.PIPE, text=True)
        try:
            assert logind.stdout.readline() == "ready\n"
            with running(build, environment={"DBUS_SYSTEM_BUS_ADDRESS": system.address}) as (_, control):
                assert logind.stdout.readline() == "taken sleep delay\n"
                unlock(control)
                sleep = ("/org/freedesktop/login1", "org.freedesktop.login1.Manager", "PrepareForSleep")
                system.emit(*sleep, "boolean:true")
                assert logind.stdout.readline() == "released\n"
                assert locked(control)  # at once: the hold was let go after the lock, not before
                system.emit(*sleep, "boolean:false")
                assert logind.stdout.readline() == "taken sleep delay\n"
        finally:
            logind.kill()
            logind.wait(5)
            logind.stdout.close()


def test_idle(start):
    """the token locks itself after the idle time, and use puts it off"""
    from core_harness import Control
    sandbox = start(consent="allow", options=["--shorten-timers", "150"])  # five minutes become two seconds
    with Control(sandbox.ready["control"]) as control:
        assert control.call("token.verify", {"role": "user"}, {"pin": sandbox.ready["user_pin"]}) == {}
        assert not locked(control)
        eventually(lambda: locked(control), 6)


def test_missing_buses(build):
    """without buses the daemon runs all the same"""
    environment = {"DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/nonexistent/system", "DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent/session"}
    with running(build, environment=environment) as (_, control):
        unlock(control)


@pytest.mark.unsanitized("preloads pam_wrapper, and a sanitizer's runtime must come first")
def test_owner_resets_a_blocked_token(build):
    """with both PINs blocked only the owner's password resets, and the keys are gone [R57] [R146]"""
    with private_directory() as other:
        environment = pam_environment(other, "owner's password")
        with running(build, '[token]\nowner_authentication_service = "mohr-test"\n', environment) as (profile, control):
            secrets = {"new_user_pin": "55028391", "new_admin_pin": "otherAdmin3", "owner_password": "owner's password"}
            assert control.failure("token.resetBlocked", {"confirmLoss": 0}, secrets) == "wrong_role"  # the admin PIN still works
            for _ in range(10):
                assert control.failure("token.verify", {"role": "admin"}, {"pin": "wrongWrong1"}) in ("pin_wrong", "pin_blocked")
            for wrong in ("guess", ""):
                with pytest.raises(RpcError) as refused:
                    control.call("token.resetBlocked", {"confirmLoss": 0}, {**secrets, "owner_password": wrong})
                assert refused.value.data == {"code": "owner_authentication_needed"}  # asked and refused, not "unavailable"
            assert control.failure("token.resetBlocked", {"confirmLoss": 1}, secrets) == "confirmation_needed"
            assert control.call("token.info")["admin"]["blocked"] is True
            assert control.call("token.resetBlocked", {"confirmLoss": 0}, secrets) == {}
            assert control.call("token.verify", {"role": "admin"}, {"pin": "otherAdmin3"}) == {}
            assert control.call("token.verify", {"role": "user"}, {"pin": "55028391"}) == {}
            assert "owner's password" not in profile.log()


@pytest.mark.unsanitized("preloads pam_wrapper, and a sanitizer's runtime must come first")
def test_owner_cannot_be_asked(build):
    """where PAM has no such service the reset is refused"""
    with private_directory() as other:
        environment = pam_environment(other, "owner's password")
        with running(build, '[token]\nowner_authentication_service = "mohr-nothing"\n', environment) as (_, control):
            for _ in range(10):
                control.failure("token.verify", {"role": "admin"}, {"pin": "wrongWrong1"})
            secrets = {"new_user_pin": "55028391", "new_admin_pin": "otherAdmin3", "owner_password": "owner's password"}
            with pytest.raises(RpcError) as refused:
                control.call("token.resetBlocked", {"confirmLoss": 0}, secrets)
            assert refused.value.data == {"code": "owner_authentication_needed", "reason": "unavailable"}


OWNER = "mohr-owner"


@pytest.fixture()
def account():
    """A user of this machine with a password of its own in the shadow file, which only PAM's setuid helper reads."""
    if os.getuid() != 0:
        pytest.skip("makes a user: needs root")
    subprocess.run(["useradd", "--system", "--user-group", "--no-create-home", OWNER], check=True)
    try:
        subprocess.run(["chpasswd"], input=f"{OWNER}:the account's own 7\n", text=True, check=True)
        yield "the account's own 7"
    finally:
        subprocess.run(["userdel", OWNER], check=True)


@contextlib.contextmanager
def owner_auth_socket(build, profile, environment):
    """What mohr-owner-auth.socket is to the user's systemd: systemd's own activation, outside of the daemon's bounds."""
    path = profile.base / "run/mohr/owner-auth.sock"
    with acting_as(OWNER):
        path.parent.mkdir(mode=0o700, exist_ok=True)
    passed = [f"--setenv={name}={value}" for name, value in environment.items()]
    program = build / "daemon/owner_auth/mohr-owner-auth"
    process = subprocess.Popen(as_user(["systemd-socket-activate", "--accept", "--inetd", f"--listen={path}", *passed, str(program)], OWNER),
                               stderr=subprocess.DEVNULL, env={"PATH": "/usr/sbin:/usr/bin:/bin"})
    try:
        eventually(path.exists)
        yield
    finally:
        process.terminate()
        process.wait(5)


@pytest.mark.unsanitized("preloads pam_wrapper, and a sanitizer's runtime must come first")
def test_owner_of_a_shadow_account(build, account):
    """with pam_unix and the shadow file the owner's password resets, through systemd, and without it the reason is said [R57] [R146]"""
    with private_directory(OWNER) as base:
        wrapper = next(pathlib.Path("/usr/lib").glob("*/libpam_wrapper.so"))
        services = pathlib.Path(base) / "pam"
        with acting_as(OWNER):
            services.mkdir(mode=0o700)
            (services / "mohr").write_text((pathlib.Path(__file__).parents[2] / "config/mohr.pam").read_text())
        environment = {"LD_PRELOAD": str(wrapper), "PAM_WRAPPER": "1", "PAM_WRAPPER_SERVICE_DIR": str(services)}
        with Profile(build, base, user=OWNER, environment=environment) as profile:
            profile.start()
            assert "NoNewPrivs:\t1" in pathlib.Path(f"/proc/{profile.process.pid}/status").read_text()
            with profile.connect() as control:
                control.call("token.initialise", {"label": "Mine"}, {"user_pin": USER_PIN, "admin_pin": ADMIN_PIN})
                for _ in range(10):
                    control.failure("token.verify", {"role": "admin"}, {"pin": "wrongWrong1"})

                def reset(password):
                    secrets = {"new_user_pin": "55028391", "new_admin_pin": "otherAdmin3", "owner_password": password}
                    with pytest.raises(RpcError) as refused:
                        assert control.call("token.resetBlocked", {"confirmLoss": 0}, secrets) == {}
                        raise RpcError({"message": "none", "data": {"code": "done"}})
                    return refused.value.data

                assert reset(account) == {"code": "owner_authentication_needed", "reason": "unavailable"}  # a child of the daemon
                with owner_auth_socket(build, profile, environment):
                    assert reset("guess") == {"code": "owner_authentication_needed"}
                    assert reset(account) == {"code": "done"}
                assert control.call("token.verify", {"role": "user"}, {"pin": "55028391"}) == {}
