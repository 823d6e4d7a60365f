#!/usr/bin/env python3
"""A name server in front of another one, which says nothing of hang.example: names.py PORT SERVER-PORT"""
import socket
import socketserver
import sys
import threading

listen, server = int(sys.argv[1]), int(sys.argv[2])


def is_silent(packet):
    labels, at = [], 12
    while packet[at]:
        labels.append(packet[at + 1:at + 1 + packet[at]].lower())
        at += 1 + packet[at]
    return labels[-2:] == [b"hang", b"example"]


class Udp(socketserver.BaseRequestHandler):
    def handle(self):
        packet, ours = self.request
        if is_silent(packet):
            return
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(5)
            s.sendto(packet, ("127.0.0.1", server))
            ours.sendto(s.recv(65535), self.client_address)


class Tcp(socketserver.BaseRequestHandler):
    def handle(self):
        with socket.create_connection(("127.0.0.1", server), timeout=5) as s:
            size = self.request.recv(2)
            packet = b""
            while len(packet) < int.from_bytes(size, "big"):
                packet += self.request.recv(65535)
            if is_silent(packet):
                return
            s.sendall(size + packet)
            s.shutdown(socket.SHUT_WR)
            while answer := s.recv(65535):
                self.request.sendall(answer)


class UdpServer(socketserver.ThreadingMixIn, socketserver.UDPServer):
    daemon_threads = True


class TcpServer(socketserver.ThreadingMixIn, socketserver.TCPServer):
    daemon_threads = allow_reuse_address = True


udp, tcp = UdpServer(("127.0.0.1", listen), Udp), TcpServer(("127.0.0.1", listen), Tcp)
threading.Thread(target=udp.serve_forever, daemon=True).start()
print("ready", flush=True)
tcp.serve_forever()
