exports.startWorker = () => {
  throw new Error('jsdom has no workers');
};
