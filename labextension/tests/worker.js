exports.startWorker = () => null;
