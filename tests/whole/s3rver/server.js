// A server of S3 on loopback, with one bucket: server.js PORT FOLDER BUCKET
const S3rver = require('s3rver');
const [port, directory, bucket] = process.argv.slice(2);
new S3rver({ port: Number(port), address: '127.0.0.1', silent: true, directory, configureBuckets: [{ name: bucket }] })
  .run()
  .then(() => console.log('ready'));
