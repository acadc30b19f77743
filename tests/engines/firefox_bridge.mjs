// Between a test and Firefox: lines of JSON on one side, a WebSocket, which Python lacks, on the other.
import { createInterface } from "node:readline";

const socket = new WebSocket(process.argv[2]);
socket.onmessage = ({ data }) => process.stdout.write(`${data}\n`);
socket.onclose = () => process.exit();
socket.onopen = async () => {
  for await (const line of createInterface({ input: process.stdin })) socket.send(line);
  socket.close();
};
