import { merge, type Words } from './merge';

export default merge(import.meta.glob<Words>('./en/*.json', { eager: true, import: 'default' }));
