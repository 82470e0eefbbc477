/** Our TypeScript sources import './x.js'; resolve that to './x.ts', but never inside node_modules. */
module.exports = (request, options) =>
  options.defaultResolver(
    request,
    options.basedir.includes('/node_modules/') ? options : { ...options, extensionAlias: { '.js': ['.ts', '.js'] } },
  );
