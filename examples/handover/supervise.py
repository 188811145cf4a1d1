#!/usr/bin/env python3
"""Holds the sockets of a gateway, and starts a new version of it on them when asked.

    supervise.py DATA ADMIN COMMAND [ARGUMENT ...]
    supervise.py 127.0.0.1:9100 127.0.0.1:9101 sallyport up --config sallyport.yaml

SIGUSR2 starts the command once more: the gateway that runs leaves when the new one is ready, and goes on if
the new one fails. SIGHUP stops what runs and then starts it anew, as `systemctl restart` does: who connects
meanwhile waits. SIGTERM and SIGINT stop what runs. Ends with the last gateway, with its exit code.
"""

import fcntl
import os
import signal
import socket
import sys

FIRST_FD = 3  # where a program looks for the sockets it inherits
HANDLED = {signal.SIGCHLD, signal.SIGUSR2, signal.SIGHUP, signal.SIGTERM, signal.SIGINT}


def listen(address):
    """A socket that listens on `host:port`, under a number out of the way of the inherited ones."""
    host, port = address.rsplit(":", 1)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    server = socket.create_server((host.strip("[]"), int(port)), family=family, backlog=1024)
    return fcntl.fcntl(server.detach(), fcntl.F_DUPFD, 64)


def start(command, sockets):
    """Runs the command with the sockets as systemd would hand them over; its process id."""
    pid = os.fork()
    if pid != 0:
        return pid
    for number, fd in enumerate(sockets, FIRST_FD):
        os.dup2(fd, number)
        os.close(fd)
    os.environ["LISTEN_PID"] = str(os.getpid())
    os.environ["LISTEN_FDS"] = str(len(sockets))
    os.environ["LISTEN_FDNAMES"] = "data:admin"
    signal.pthread_sigmask(signal.SIG_UNBLOCK, HANDLED)
    try:
        os.execvp(command[0], command)
    except OSError as error:
        print(f"{command[0]} cannot be run: {error}", file=sys.stderr)
        os._exit(127)


def reap(running):
    """Forgets those that ended; the exit code of the last of them."""
    code = 0
    while running:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            break
        running.discard(pid)
        code = os.waitstatus_to_exitcode(status)
    return code


def main():
    data, admin, *command = sys.argv[1:]
    signal.pthread_sigmask(signal.SIG_BLOCK, HANDLED)
    sockets = [listen(data), listen(admin)]
    running = {start(command, sockets)}
    anew = False
    while running:
        received = signal.sigwait(HANDLED)
        if received == signal.SIGCHLD:
            code = reap(running)
            if anew and not running:
                anew = False
                running.add(start(command, sockets))
        elif received == signal.SIGUSR2:
            running.add(start(command, sockets))
        else:
            anew = received == signal.SIGHUP
            for pid in running:
                os.kill(pid, signal.SIGTERM)
    sys.exit(code if code >= 0 else 128 - code)


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    main()
