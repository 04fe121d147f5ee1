// Keeps one note on its volume. What comes in goes through a temporary file, as an upload does.
const fs = require("fs");
const http = require("http");
const os = require("os");
const path = require("path");

const note = "/data/note";

const server = http.createServer((request, response) => {
  if (request.method === "POST") {
    const upload = path.join(fs.mkdtempSync(path.join(os.tmpdir(), "upload-")), "note");
    request.pipe(fs.createWriteStream(upload)).on("finish", () => {
      fs.copyFileSync(upload, note);
      response.end("kept");
    });
  } else {
    response.end(request.url === "/note" && fs.existsSync(note) ? fs.readFileSync(note) : "");
  }
});

process.on("SIGTERM", () => process.exit(0));
server.listen(3000);
